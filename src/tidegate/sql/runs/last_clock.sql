-- The clock of the last run that was decided.
--
-- tables: tidegate.runs

select max(runs.as_of)
from tidegate.runs
where runs.decided_at is not null
