-- How many would go from a list without a journey having taken them off in this run: because they are no longer
-- among the people, or withdrew their consent, or because an audience that wanted them is gone.
--
-- tables: planned_rows, tidegate.list_members, tidegate.owed
-- params: $destination, $list, $run_id

select count(*) as people
from planned_rows
where
    planned_rows.destination = $destination
    and planned_rows.list = $list
    and planned_rows.operation in ('remove', 'leave')
    and planned_rows.person not in (
        select list_members.person
        from tidegate.list_members
        where
            list_members.destination = $destination
            and list_members.list = $list
            and list_members.removed_run = $run_id
    )
    and planned_rows.person not in (
        select owed.person
        from tidegate.owed
        where
            owed.destination = $destination
            and owed.list = $list
            and owed.operation in ('remove', 'leave')
    )
