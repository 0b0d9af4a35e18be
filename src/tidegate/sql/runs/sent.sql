-- How many messages platforms accepted in a run, by audience.
--
-- tables: tidegate.outbox
-- params: $run_id

select
    source,
    count(*) as messages
from tidegate.outbox
where
    settled_run = $run_id
    and state = 'accepted'
group by source
order by source
