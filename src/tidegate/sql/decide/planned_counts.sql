-- How many messages this run planned for each audience.
--
-- tables: tidegate.outbox
-- params: $run_id

select
    outbox.source,
    count(*) as planned
from tidegate.outbox
where outbox.planned_run = $run_id
group by outbox.source
