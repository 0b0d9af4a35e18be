-- Every list or object that an audience ever owned, and what is to become of it once none does.
--
-- tables: tidegate.lists
-- params: none

select
    lists.destination,
    lists.list,
    lists.on_delete
from tidegate.lists
