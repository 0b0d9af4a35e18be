-- The ways by which the waiting messages may go.
--
-- tables: waiting

select distinct waiting.channels
from waiting
order by waiting.channels
