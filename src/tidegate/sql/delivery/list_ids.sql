-- What a destination called its lists when they were filled.
--
-- tables: tidegate.lists
-- params: $destination

select
    lists.list,
    lists.platform_id
from tidegate.lists
where lists.destination = $destination
