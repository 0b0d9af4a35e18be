-- How a list was kept, until now; what the platform calls it stays true.
--
-- tables: tidegate.lists
-- params: $destination, $list

delete from tidegate.lists
where lists.destination = $destination and lists.list = $list
returning lists.platform_id
