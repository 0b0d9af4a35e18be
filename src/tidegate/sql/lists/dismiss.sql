-- Journeys want nobody on a list any more.
--
-- tables: tidegate.list_members
-- params: $destination, $list, $as_of, $run_id

update tidegate.list_members
set removed_at = $as_of, removed_run = $run_id
where
    list_members.destination = $destination
    and list_members.list = $list
    and list_members.removed_at is null
