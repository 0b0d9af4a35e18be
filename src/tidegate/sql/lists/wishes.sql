-- On which lists journeys have people now.
--
-- tables: tidegate.list_members
-- params: none

select distinct
    list_members.destination,
    list_members.list,
    list_members.journey
from tidegate.list_members
where list_members.removed_at is null
