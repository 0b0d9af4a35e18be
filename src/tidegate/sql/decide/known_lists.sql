-- Every list or object that an audience ever owned.
--
-- tables: tidegate.lists
-- params: none

select
    lists.destination,
    lists.list
from tidegate.lists
