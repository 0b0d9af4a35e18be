-- How the stored fingerprints of a list were made.
--
-- tables: tidegate.lists
-- params: $destination, $list

select lists.scheme
from tidegate.lists
where lists.destination = $destination and lists.list = $list
