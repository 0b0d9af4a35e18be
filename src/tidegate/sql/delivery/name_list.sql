-- What a destination calls a list from now on.
--
-- tables: tidegate.lists
-- params: $destination, $list, $platform_id

update tidegate.lists
set platform_id = $platform_id
where lists.destination = $destination and lists.list = $list
