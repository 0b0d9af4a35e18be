-- What was owed to a list until now, but for rows that the platform has taken and not judged yet.
--
-- tables: tidegate.owed
-- params: $destination, $list

create or replace temp table owed_before as
select *
from tidegate.owed
where owed.destination = $destination and owed.list = $list and owed.state <> 'submitted'
