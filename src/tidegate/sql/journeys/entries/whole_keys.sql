-- Whether each row has a person, and each person one row.
--
-- tables: entry (person)

select
    count(*) filter (where entry.person is null or trim(entry.person) = '') as without_person,
    count(*) - count(distinct entry.person) > count(*) filter (where entry.person is null) as repeated
from entry
