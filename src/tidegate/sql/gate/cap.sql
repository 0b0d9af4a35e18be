-- How much is too much: messages over a cap wait until the window has room again; what would be too late then does
-- not go at all. A window counts what was accepted, may have been (unknown) or is under way, and not what is
-- transactional. Where several compete: priority, then due time, then key. What a channel's own cap holds takes no
-- place under a cap over `any`, so channels are looked at first.
--
-- tables: verdicts, caps (cap, channel, every, most, per), topics, tidegate.outbox
-- params: $as_of, $longest (the longest of the windows)

update verdicts
set
    verdict = case when held.until < verdicts.expires_at then 'hold' else 'skip' end,
    reason = 'cap',
    until = held.until
from (
    with

    candidates as (

        select
            verdicts.message_key,
            verdicts.person,
            verdicts.channel,
            row_number() over (
                partition by verdicts.person
                order by verdicts.priority desc, verdicts.due_at asc, verdicts.message_key asc
            ) as turn
        from verdicts
        where
            verdicts.verdict = 'send'
            and not verdicts.transactional
            and verdicts.channel in (select caps.channel from caps)

    ),

    told as (

        select
            outbox.person,
            outbox.channel,
            case outbox.state when 'claimed' then cast($as_of as timestamptz) else outbox.settled_at end as told_at
        from tidegate.outbox
        left join topics on outbox.message = topics.message
        where
            outbox.state in ('accepted', 'unknown', 'claimed')
            and (outbox.state = 'claimed' or outbox.settled_at > cast($as_of as timestamptz) - $longest)
            and not coalesce(topics.transactional, false)
            and outbox.person in (select candidates.person from candidates)

    ),

    used as (

        select
            caps.cap,
            told.person,
            count(*) as times,
            list_reverse_sort(list(told.told_at)) as newest
        from told
        inner join caps on told.channel = caps.channel
        where told.told_at > cast($as_of as timestamptz) - caps.per
        group by caps.cap, told.person

    ),

    room as (

        select
            candidates.message_key,
            coalesce(min(caps.most - coalesce(used.times, 0)) filter (where not caps.every), 2147483647) as by_channel,
            coalesce(min(caps.most - coalesce(used.times, 0)) filter (where caps.every), 2147483647) as by_any,
            coalesce(bool_or(caps.every), false) as counts
        from candidates
        inner join caps on candidates.channel = caps.channel
        left join used on caps.cap = used.cap and candidates.person = used.person
        group by candidates.message_key

    ),

    by_channel as (

        select
            candidates.message_key,
            candidates.person,
            candidates.channel,
            candidates.turn,
            room.by_any,
            room.counts,
            row_number() over (
                partition by candidates.person, candidates.channel
                order by candidates.turn
            ) <= room.by_channel as passes
        from candidates
        inner join room on candidates.message_key = room.message_key

    ),

    by_any as (

        select
            by_channel.message_key,
            by_channel.person,
            by_channel.channel,
            by_channel.passes and (
                not by_channel.counts
                or count(*) filter (where by_channel.passes and by_channel.counts) over (
                    partition by by_channel.person
                    order by by_channel.turn
                ) <= by_channel.by_any
            ) as passes
        from by_channel

    ),

    taken as (

        select
            caps.cap,
            by_any.person,
            count(*) as times
        from by_any
        inner join caps on by_any.channel = caps.channel
        where by_any.passes
        group by caps.cap, by_any.person

    )

    -- Room is made when as many of the newest have left the window as there are places: those of this run first.
    select
        by_any.message_key,
        max(
            case
                when coalesce(taken.times, 0) >= caps.most then cast($as_of as timestamptz)
                else used.newest[caps.most - coalesce(taken.times, 0)]
            end + caps.per
        ) as until
    from by_any
    inner join caps on by_any.channel = caps.channel
    left join taken on caps.cap = taken.cap and by_any.person = taken.person
    left join used on caps.cap = used.cap and by_any.person = used.person
    where not by_any.passes
    group by by_any.message_key
) as held
where verdicts.message_key = held.message_key
