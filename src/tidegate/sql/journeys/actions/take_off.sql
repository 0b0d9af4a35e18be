-- Whoever a journey takes off a list is wanted there by no journey any more.
--
-- tables: last_list_moves, tidegate.list_members
-- params: $as_of, $run_id

update tidegate.list_members
set removed_at = $as_of, removed_run = $run_id
from last_list_moves
where
    list_members.removed_at is null
    and not last_list_moves.adds
    and list_members.destination = last_list_moves.destination
    and list_members.list = last_list_moves.list
    and list_members.person = last_list_moves.person
