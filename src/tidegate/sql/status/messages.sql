-- Messages that are not settled for good: those that may or may not have arrived, and those still to go.
-- A refused, skipped or accepted one is settled, and is told by the report of its run.
--
-- tables: tidegate.outbox
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
where state in ('planned', 'ready', 'claimed', 'unknown')
group by state, destination, source, message, reason
order by state, destination, source, message, reason
