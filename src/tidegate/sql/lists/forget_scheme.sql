-- How the fingerprints of a list were made, until now.
--
-- tables: tidegate.lists
-- params: $destination, $list

delete from tidegate.lists
where lists.destination = $destination and lists.list = $list
