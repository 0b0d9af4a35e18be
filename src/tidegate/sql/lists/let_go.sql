-- People who left and whose row stays as it is (`on_leave: keep`): no longer ours to keep equal.
--
-- tables: tidegate.delivered, planned_rows
-- params: $destination, $list

delete from tidegate.delivered
where
    delivered.destination = $destination
    and delivered.list = $list
    and delivered.person in (
        select planned_rows.person
        from planned_rows
        where
            planned_rows.destination = $destination
            and planned_rows.list = $list
            and planned_rows.operation = 'keep'
    )
