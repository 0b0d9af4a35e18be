-- Nobody can be asked any more what became of the rows that a destination judges later.
--
-- tables: tidegate.owed
-- params: $destination, $list

delete from tidegate.owed
where owed.destination = $destination and owed.list = $list and owed.state = 'submitted'
