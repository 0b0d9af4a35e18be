-- How many people of each version before one stand at each step.
--
-- tables: tidegate.instances
-- params: $journey, $before (version)

select
    instances.version,
    instances.step,
    count(*) as people
from tidegate.instances
where instances.journey = $journey and instances.status = 'active' and instances.version < $before
group by instances.version, instances.step
order by instances.version, instances.step
