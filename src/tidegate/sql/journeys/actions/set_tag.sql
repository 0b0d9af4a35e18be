-- A tag of everybody who reaches a step: put on, or with $value null taken off.
--
-- tables: here, new_traits
-- params: $step, $name, $value, $as_of, $position

insert into new_traits (instance, person, step, name, kind, value, set_at, position)
select
    here.instance,
    here.person,
    $step as step,
    $name as name,
    'tag' as kind,
    $value as value,
    $as_of as set_at,
    $position as position
from here
