-- Nothing is owed for the rows of `moved_rows` any more.
--
-- tables: tidegate.owed, moved_rows
-- params: $destination

delete from tidegate.owed
using moved_rows
where
    owed.destination = $destination
    and owed.operation in ('leave', 'remove')
    and owed.list = moved_rows.list
    and owed.person = moved_rows.person
    and owed.identity = moved_rows.identity
