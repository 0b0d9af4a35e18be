-- How the fingerprints of a list are made.
--
-- tables: tidegate.lists
-- params: $destination, $list, $mode, $keyed_by, $scheme, $run_id

insert into tidegate.lists (destination, list, mode, keyed_by, scheme, run_id)
values ($destination, $list, $mode, $keyed_by, $scheme, $run_id)
