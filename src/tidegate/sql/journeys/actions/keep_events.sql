-- The events that a journey emitted in a run.
--
-- tables: new_events, tidegate.emitted
-- params: $journey, $as_of, $run_id

insert into tidegate.emitted (
    event_id, person, name, occurred_at, properties, journey, step, emitted_at, run_id
)
select
    new_events.event_id,
    new_events.person,
    new_events.name,
    new_events.occurred_at,
    new_events.properties,
    $journey as journey,
    new_events.step,
    $as_of as emitted_at,
    $run_id as run_id
from new_events
