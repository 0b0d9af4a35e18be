-- A trait of everybody who reaches a step. A value that is null takes it away.
--
-- tables: here, valued (instance, value), new_traits
-- params: $step, $name, $as_of, $position

insert into new_traits (instance, person, step, name, kind, value, set_at, position)
select
    here.instance,
    here.person,
    $step as step,
    $name as name,
    'trait' as kind,
    cast(to_json(valued.value) as varchar) as value,
    $as_of as set_at,
    $position as position
from here
left join valued on here.instance = valued.instance
