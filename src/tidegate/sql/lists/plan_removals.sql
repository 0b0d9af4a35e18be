-- Rows that go: of people no longer wanted, and of people whose identifiers are no longer usable. They
-- carry the identifiers that the destination was given.
--
-- tables: moves, farewell (person, traits), tidegate.delivered, planned_rows
-- params: $destination, $list, $mode, $leave

insert into planned_rows
with

unusable as (

    select planned_rows.person
    from planned_rows
    where
        planned_rows.destination = $destination
        and planned_rows.list = $list
        and planned_rows.operation = 'unusable'

),

going as (

    select
        moves.person,
        moves.operation = 'remove' or $mode = 'object' as leaves
    from moves
    where
        moves.destination = $destination
        and moves.list = $list
        and (moves.operation = 'remove' or moves.person in (select unusable.person from unusable))

)

select
    $destination as destination,
    $list as list,
    going.person,
    case when going.leaves then $leave else 'remove' end as operation,
    delivered.identity,
    delivered.identifiers,
    case when going.leaves and $leave = 'leave' then farewell.traits else '{}' end as traits,
    null as fingerprint
from going
inner join tidegate.delivered
    on
        delivered.destination = $destination
        and delivered.list = $list
        and going.person = delivered.person
left join farewell on going.person = farewell.person
