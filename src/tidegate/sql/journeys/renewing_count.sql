-- Of how many people the time begins anew.
--
-- tables: renewing
-- params: none

select count(*)
from renewing
