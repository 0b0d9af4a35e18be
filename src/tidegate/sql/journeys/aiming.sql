-- Everybody of one version, inside or not any more, who has not reached the goal yet, up to when it counts.
--
-- tables: tidegate.instances, migrants
-- params: $journey, $version, $as_of, $within

select
    instances.instance,
    instances.person,
    instances.entered_at,
    instances.entered_at as since,
    least($as_of, coalesce(instances.entered_at + $within, $as_of)) as at,
    instances.context
from tidegate.instances
left join migrants on instances.instance = migrants.instance
where
    instances.journey = $journey
    and coalesce(migrants.version, instances.version) = $version
    and instances.goal_at is null
