-- What was owed to a list makes room for what is owed now.
--
-- tables: tidegate.owed
-- params: $destination, $list

delete from tidegate.owed
where owed.destination = $destination and owed.list = $list
