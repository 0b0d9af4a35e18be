-- An event of everybody who reaches a step, at the moment of their own at which they do. Nobody passes a step twice,
-- so that its id is never used again.
--
-- tables: here, described (instance, properties), new_events
-- params: $journey, $step, $name

insert into new_events (event_id, person, step, name, occurred_at, properties)
select
    concat_ws(':', $journey, $step, cast(here.instance as varchar)) as event_id,
    here.person,
    $step as step,
    $name as name,
    here.at as occurred_at,
    described.properties
from here
inner join described on here.instance = described.instance
