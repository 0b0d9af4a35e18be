-- How many people of each version stand at each step.
--
-- tables: tidegate.instances
-- params: $journey

select
    instances.version,
    instances.step,
    count(*) as people
from tidegate.instances
where instances.journey = $journey and instances.status = 'active'
group by instances.version, instances.step
order by instances.version, instances.step
