-- Who stands at a step, those who came first ahead.
--
-- tables: tidegate.instances
-- params: $journey, $step, $version (null: all versions), $most

select
    instances.person,
    instances.entry_key,
    instances.version,
    instances.entered_at,
    instances.step_entered_at,
    instances.deadline
from tidegate.instances as instances
where
    instances.journey = $journey
    and instances.step = $step
    and instances.status = 'active'
    and ($version is null or instances.version = $version)
order by instances.step_entered_at, instances.instance
limit $most
