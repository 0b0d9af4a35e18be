-- How a list was kept, until now.
--
-- tables: tidegate.lists
-- params: $destination, $list

delete from tidegate.lists
where lists.destination = $destination and lists.list = $list
