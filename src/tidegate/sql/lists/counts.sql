-- What is planned for a list, by operation, and how many people it holds. Who goes was counted when that was decided
-- first: removals that are owed already are left out, of `removed` and of `held`.
--
-- tables: planned_rows, tidegate.delivered, tidegate.owed
-- params: $destination, $list

with

decided as (

    select
        delivered.person,
        delivered.identity
    from tidegate.owed
    inner join tidegate.delivered
        on
            owed.destination = delivered.destination
            and owed.list = delivered.list
            and owed.person = delivered.person
            and owed.identity = delivered.identity
    where
        owed.destination = $destination
        and owed.list = $list
        and owed.operation in ('remove', 'leave')

),

held as (

    select count(*) as people
    from tidegate.delivered
    where delivered.destination = $destination and delivered.list = $list

),

going as (

    select count(*) as people
    from decided

)

select
    count(*) filter (where planned_rows.operation = 'add') as added,
    count(*) filter (where planned_rows.operation = 'update') as updated,
    count(*) filter (where planned_rows.operation in ('remove', 'leave') and decided.person is null) as removed,
    count(*) filter (where planned_rows.operation = 'unusable') as unusable,
    (select held.people from held) - (select going.people from going) as held
from planned_rows
left join decided on planned_rows.person = decided.person and planned_rows.identity = decided.identity
where planned_rows.destination = $destination and planned_rows.list = $list
