-- Why people are there.
--
-- tables: entry_cause

select entry_cause.cause
from entry_cause
