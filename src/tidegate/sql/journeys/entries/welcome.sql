-- How many may still enter.
--
-- tables: candidates

select count(*) as welcome
from candidates
where candidates.disposition is null
