-- What this run saw of the events of a name.
--
-- tables: tidegate.events_seen
-- params: $run_id, $journey, $version, $name, $events, $digest

insert into tidegate.events_seen (run_id, journey, version, name, events, digest)
values ($run_id, $journey, $version, $name, $events, $digest)
