-- An event of everybody who reaches a step, at the moment of their own at which they do. Whom an edited file led back
-- to it emitted it already: its id is never used again.
--
-- tables: here, described (instance, properties), new_events, tidegate.emitted
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
where
    concat_ws(':', $journey, $step, cast(here.instance as varchar)) not in (
        select emitted.event_id
        from tidegate.emitted
        where emitted.journey = $journey and emitted.step = $step
    )
