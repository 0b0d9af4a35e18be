-- Of what runs saw only the last counts.
--
-- tables: tidegate.events_seen
-- params: $journey

delete from tidegate.events_seen
where events_seen.journey = $journey
