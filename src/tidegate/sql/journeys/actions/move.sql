-- Everybody who reaches a step is put on a list, or taken off it.
--
-- tables: here, new_list_moves
-- params: $destination, $list, $step, $position, $adds

insert into new_list_moves (destination, list, person, step, at, position, adds)
select distinct
    $destination as destination,
    $list as list,
    here.person,
    $step as step,
    here.at,
    $position as position,
    $adds as adds
from here
