-- Whoever a journey puts on a list, and does not want there already.
--
-- tables: last_list_moves, tidegate.list_members
-- params: $journey, $as_of, $run_id

insert into tidegate.list_members (destination, list, person, journey, step, added_at, added_run)
select
    last_list_moves.destination,
    last_list_moves.list,
    last_list_moves.person,
    $journey as journey,
    last_list_moves.step,
    $as_of as added_at,
    $run_id as added_run
from last_list_moves
where
    last_list_moves.adds
    and not exists (
        select 1
        from tidegate.list_members as known
        where
            known.removed_at is null
            and known.destination = last_list_moves.destination
            and known.list = last_list_moves.list
            and known.person = last_list_moves.person
            and known.journey = $journey
    )
