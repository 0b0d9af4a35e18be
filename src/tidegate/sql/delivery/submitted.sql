-- How many rows a destination has taken and not judged yet.
--
-- tables: tidegate.owed
-- params: $destination

select count(*) as waiting
from tidegate.owed
where owed.destination = $destination and owed.state = 'submitted'
