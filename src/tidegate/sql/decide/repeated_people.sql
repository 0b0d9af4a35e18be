-- Up to three people with a message waiting whom the people model gives more than once.
--
-- tables: people (person), waiting

select people.person
from people
where people.person in (select waiting.person from waiting)
group by people.person
having count(*) > 1
order by people.person
limit 3
