-- How many people went at least a step.
--
-- tables: walkers
-- params: none

select count(*)
from walkers
