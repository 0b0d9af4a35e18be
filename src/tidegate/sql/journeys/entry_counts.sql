-- What became of those who might have entered.
--
-- tables: candidates
-- params: none

select
    candidates.disposition,
    count(*) as people
from candidates
group by candidates.disposition
order by candidates.disposition
