-- Of all walks, ended or not, those of people who did something since they were asked last.
--
-- tables: tidegate.instances, fresh
-- params: none

select instances.*
from tidegate.instances
where instances.person in (select fresh.person from fresh)
