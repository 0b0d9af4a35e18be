-- What a destination cannot take in time, whoever else waits: as many as its throttle allows were sent, and the first
-- of them leaves the window too late.
--
-- tables: verdicts, throttles (destination, most, per), tidegate.outbox
-- params: $as_of, $longest (the longest of the windows)

update verdicts
set verdict = 'skip', reason = 'throttle', until = filled.until
from (
    select
        throttles.destination,
        list_reverse_sort(
            list(case outbox.state when 'claimed' then cast($as_of as timestamptz) else outbox.settled_at end)
        )[throttles.most] + throttles.per as until
    from throttles
    inner join tidegate.outbox on throttles.destination = outbox.destination
    where
        outbox.state in ('accepted', 'rejected', 'unknown', 'claimed')
        and (
            outbox.state = 'claimed'
            or (
                outbox.settled_at > cast($as_of as timestamptz) - throttles.per
                and outbox.settled_at > cast($as_of as timestamptz) - $longest
            )
        )
    group by throttles.destination, throttles.most, throttles.per
    having count(*) >= throttles.most
) as filled
where
    verdicts.verdict = 'send'
    and verdicts.destination = filled.destination
    and verdicts.expires_at <= filled.until
