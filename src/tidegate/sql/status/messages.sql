-- Messages that somebody may want to know of: those that may or may not have arrived, those still to go, and those
-- that a destination refused in the seven days before the last run.
--
-- tables: tidegate.outbox, tidegate.runs
-- params: none

select
    state,
    destination,
    source,
    message,
    reason,
    count(*) as message_count,
    min(due_at) as due_at,
    min(expires_at) as expires_at
from tidegate.outbox
where
    state in ('planned', 'ready', 'claimed', 'unknown')
    or (state = 'rejected' and settled_at > (select max(runs.as_of) from tidegate.runs) - interval '7 days')
group by state, destination, source, message, reason
order by state, destination, source, message, reason
