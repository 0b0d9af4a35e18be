-- Whether any event file was ever loaded.
--
-- tables: tidegate.landed
-- params: none

select count(*) > 0 as landed
from tidegate.landed
