-- What was owed to a list makes room for what is owed now. Rows that the platform has not judged yet stay:
-- until it has, nothing else is planned for their people.
--
-- tables: tidegate.owed
-- params: $destination, $list

delete from tidegate.owed
where owed.destination = $destination and owed.list = $list and owed.state <> 'submitted'
