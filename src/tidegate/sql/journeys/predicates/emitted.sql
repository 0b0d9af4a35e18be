-- Events that journeys emitted: this journey's at once, those of others from the next run on.
--
-- tables: tidegate.emitted, new_events
-- params: $journey, $name, $as_of

select
    emitted.event_id,
    emitted.person,
    emitted.name,
    emitted.occurred_at,
    emitted.properties
from tidegate.emitted
where emitted.name = $name and (emitted.journey = $journey or emitted.emitted_at < $as_of)

union all

select
    new_events.event_id,
    new_events.person,
    new_events.name,
    new_events.occurred_at,
    new_events.properties
from new_events
where new_events.name = $name
