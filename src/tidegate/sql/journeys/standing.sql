-- How many people stand at each step.
--
-- tables: tidegate.instances
-- params: $journey

select
    instances.step,
    count(*) as people
from tidegate.instances
where instances.journey = $journey and instances.status = 'active'
group by instances.step
order by instances.step
