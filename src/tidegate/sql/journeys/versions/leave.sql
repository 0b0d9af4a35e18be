-- Those who are inside an older version leave; where the journey is stopped, all.
--
-- tables: tidegate.instances, leavers
-- params: $journey, $before (version), $reason

insert into leavers
select
    instances.instance,
    $reason as reason
from tidegate.instances
where
    instances.journey = $journey
    and instances.status = 'active'
    and instances.version < $before
