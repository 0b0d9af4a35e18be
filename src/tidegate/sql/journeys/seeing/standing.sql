-- Where people stand, and where they were when their walk ended, with the reason.
--
-- tables: tidegate.instances
-- params: $journey, $version (null: all versions)

select
    instances.step,
    instances.status,
    instances.exit_reason,
    count(*) as walks
from tidegate.instances as instances
where
    instances.journey = $journey
    and ($version is null or instances.version = $version)
group by instances.step, instances.status, instances.exit_reason
