-- Whom journeys want on a list.
--
-- tables: tidegate.list_members
-- params: $destination, $list

select distinct list_members.person
from tidegate.list_members
where
    list_members.destination = $destination
    and list_members.list = $list
    and list_members.removed_at is null
