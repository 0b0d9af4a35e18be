-- How many rows are nobody's.
--
-- tables: entry (person)

select count(*) as without_person
from entry
where entry.person is null or trim(entry.person) = ''
