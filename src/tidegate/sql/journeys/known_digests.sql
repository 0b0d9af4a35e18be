-- What a run saw of the events that a version of a journey asks about.
--
-- tables: tidegate.events_seen
-- params: $run_id, $journey, $version

select
    events_seen.name,
    events_seen.events,
    events_seen.digest
from tidegate.events_seen
where
    events_seen.run_id = $run_id
    and events_seen.journey = $journey
    and events_seen.version = $version
