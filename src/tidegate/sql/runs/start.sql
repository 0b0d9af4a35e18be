-- A run begins.
--
-- tables: tidegate.runs
-- params: $run_id, $kind, $target, $as_of, $version, $started_at

insert into tidegate.runs (run_id, kind, target, as_of, version, status, started_at)
values ($run_id, $kind, $target, $as_of, $version, 'started', $started_at)
