-- Whether the time zones of telephone numbers are known in this decision.
--
-- tables: dialled

select count(*) > 0 as known
from dialled
