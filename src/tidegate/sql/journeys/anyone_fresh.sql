-- Whether anybody did anything.
--
-- tables: fresh
-- params: none

select 1
from fresh
limit 1
