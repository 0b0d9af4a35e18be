-- Those inside an older version move over: to the same step, of which the time they served counts, or to another.
--
-- tables: tidegate.instances, crossings, migrants
-- params: $journey, $version, $as_of

insert into migrants
select
    instances.instance,
    $version as version,
    crossings.target as step,
    case when crossings.anew then cast($as_of as timestamptz) else instances.step_entered_at end as at,
    case when crossings.anew then 'redirected' end as turn
from tidegate.instances
inner join crossings on instances.version = crossings.version and instances.step = crossings.step
where instances.journey = $journey and instances.status = 'active'
