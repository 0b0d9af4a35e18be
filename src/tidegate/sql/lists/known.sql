-- How a list is kept, and how its stored fingerprints were made.
--
-- tables: tidegate.lists
-- params: $destination, $list

select
    lists.mode,
    lists.keyed_by,
    lists.scheme,
    coalesce(lists.write, 'upsert') as write,
    lists.on_delete
from tidegate.lists
where lists.destination = $destination and lists.list = $list
