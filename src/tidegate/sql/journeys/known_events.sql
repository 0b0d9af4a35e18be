-- Events that an earlier run of the journey saw, or that some journey emitted.
--
-- tables: tidegate.events_seen, tidegate.emitted
-- params: $journey

select events_seen.name
from tidegate.events_seen
where events_seen.journey = $journey and events_seen.events > 0
union
select emitted.name
from tidegate.emitted
