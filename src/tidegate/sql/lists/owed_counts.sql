-- What is owed to a list, by operation, and how many rows wait after a refusal.
--
-- tables: tidegate.owed
-- params: $destination, $list

select
    count(*) filter (where owed.state = 'due' and owed.operation = 'add') as added,
    count(*) filter (where owed.state = 'due' and owed.operation in ('update', 'leave')) as updated,
    count(*) filter (where owed.state = 'due' and owed.operation = 'remove') as removed,
    count(*) filter (where owed.state = 'refused') as refused
from tidegate.owed
where owed.destination = $destination and owed.list = $list
