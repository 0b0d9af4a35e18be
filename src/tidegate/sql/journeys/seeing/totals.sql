-- How many ever entered a journey, are inside, and did what it is for.
--
-- tables: tidegate.instances
-- params: $journey, $version (null: all versions)

select
    count(*) as entered,
    count(*) filter (where instances.status = 'active') as inside,
    count(instances.goal_at) as goals,
    min(instances.entered_at) as first_entered,
    max(instances.entered_at) as last_entered
from tidegate.instances as instances
where
    instances.journey = $journey
    and ($version is null or instances.version = $version)
