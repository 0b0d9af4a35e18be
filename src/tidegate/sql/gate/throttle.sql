-- A destination gets so many messages in a window and the others wait for their turn: transactional ones first, then
-- priority, due time and key. Refused messages count: they were sent as well. None is skipped for having lost its turn:
-- it has its place under the caps, which would fall to another one in the next run.
--
-- tables: verdicts, throttles (destination, most, per), tidegate.outbox
-- params: $as_of, $longest (the longest of the windows)

update verdicts
set
    verdict = 'hold',
    reason = 'throttle',
    until = held.until
from (
    with

    candidates as (

        select
            verdicts.message_key,
            verdicts.destination,
            row_number() over (
                partition by verdicts.destination
                order by
                    verdicts.transactional desc,
                    verdicts.priority desc,
                    verdicts.due_at asc,
                    verdicts.message_key asc
            ) as turn
        from verdicts
        where
            verdicts.verdict = 'send'
            and verdicts.destination in (select throttles.destination from throttles)

    ),

    used as (

        select
            outbox.destination,
            count(*) as times,
            list_reverse_sort(
                list(case outbox.state when 'claimed' then cast($as_of as timestamptz) else outbox.settled_at end)
            ) as newest
        from tidegate.outbox
        inner join throttles on outbox.destination = throttles.destination
        where
            outbox.state in ('accepted', 'rejected', 'unknown', 'claimed')
            and (
                outbox.state = 'claimed'
                or (
                    outbox.settled_at > cast($as_of as timestamptz) - throttles.per
                    and outbox.settled_at > cast($as_of as timestamptz) - $longest
                )
            )
        group by outbox.destination

    ),

    room as (

        select
            throttles.destination,
            throttles.most,
            throttles.per,
            greatest(throttles.most - coalesce(used.times, 0), 0) as places,
            used.newest
        from throttles
        left join used on throttles.destination = used.destination

    ),

    taken as (

        select
            candidates.destination,
            count(*) filter (where candidates.turn <= room.places) as times
        from candidates
        inner join room on candidates.destination = room.destination
        group by candidates.destination

    )

    select
        candidates.message_key,
        case
            when taken.times >= room.most then cast($as_of as timestamptz)
            else room.newest[room.most - taken.times]
        end + room.per as until
    from candidates
    inner join room on candidates.destination = room.destination
    inner join taken on candidates.destination = taken.destination
    where candidates.turn > room.places
) as held
where verdicts.message_key = held.message_key
