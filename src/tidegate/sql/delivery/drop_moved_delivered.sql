-- The rows of `moved_rows` are held for somebody else now, not for the person they moved from.
--
-- tables: tidegate.delivered, moved_rows
-- params: $destination

delete from tidegate.delivered
using moved_rows
where
    delivered.destination = $destination
    and delivered.list = moved_rows.list
    and delivered.person = moved_rows.person
    and delivered.identity = moved_rows.identity
