-- Up to three keys that a model gives more than once, with how often.
--
-- tables: entry (person)

select
    entry.person,
    count(*) as times
from entry
where entry.person is not null
group by entry.person
having count(*) > 1
order by times desc, entry.person
limit 3
