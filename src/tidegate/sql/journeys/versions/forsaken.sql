-- Journeys that people are inside of though the project has no such file any more.
--
-- tables: tidegate.instances
-- params: $journeys

select
    instances.journey,
    count(*) as people
from tidegate.instances
where instances.status = 'active' and not list_contains($journeys, instances.journey)
group by instances.journey
order by instances.journey
