-- What is planned for a list, by operation, and how many people it holds.
--
-- tables: planned_rows, tidegate.delivered
-- params: $destination, $list

select
    count(*) filter (where planned_rows.operation = 'add') as added,
    count(*) filter (where planned_rows.operation in ('update', 'leave')) as updated,
    count(*) filter (where planned_rows.operation = 'remove') as removed,
    count(*) filter (where planned_rows.operation = 'unusable') as unusable,
    (
        select count(*)
        from tidegate.delivered
        where delivered.destination = $destination and delivered.list = $list
    ) as held
from planned_rows
where planned_rows.destination = $destination and planned_rows.list = $list
