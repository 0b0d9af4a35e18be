-- Of those who are inside, those who did something since they were asked last.
--
-- tables: inside, fresh
-- params: none

select inside.*
from inside
where inside.person in (select fresh.person from fresh)
