-- Nothing of a blocked list is sent: what was due waits for a person's decision.
--
-- tables: tidegate.owed
-- params: $destination, $list

update tidegate.owed
set state = 'held'
where owed.destination = $destination and owed.list = $list and owed.state = 'due'
