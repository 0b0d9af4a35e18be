-- The arm of a split for everybody who comes to it: the one that is stored, where it is still there, else that of the
-- person's hash, which is the same in any engine, at any time.
--
-- tables: here, ways (way, name, begins, ends), tidegate.assignments, new_assignments
-- params: $experiment, $salt

create or replace temp table drawn as
with

known as (

    select
        assignments.person,
        assignments.arm
    from tidegate.assignments
    where assignments.experiment = $experiment

),

hashed as (

    select
        here.instance,
        here.person,
        known.arm,
        kept.way as kept_way,
        cast('0x' || left(md5($salt || ':' || here.person), 8) as ubigint) / 4294967296.0 as place
    from here
    left join known on here.person = known.person
    left join ways as kept on known.arm = kept.name

)

select
    hashed.instance,
    hashed.person,
    coalesce(hashed.kept_way, ways.way) as way,
    case when hashed.arm is null then ways.name end as exposed_to
from hashed
inner join ways on hashed.place >= ways.begins and hashed.place < ways.ends
