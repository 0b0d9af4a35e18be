-- How a list is kept, and how its fingerprints are made.
--
-- tables: tidegate.lists
-- params: $destination, $list, $mode, $keyed_by, $scheme, $write, $on_delete, $run_id, $platform_id

insert into tidegate.lists (destination, list, mode, keyed_by, scheme, write, on_delete, run_id, platform_id)
values ($destination, $list, $mode, $keyed_by, $scheme, $write, $on_delete, $run_id, $platform_id)
