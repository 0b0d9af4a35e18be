-- Whether the address book has this person.
--
-- tables: people (one row a person: person)
-- params: $person

select count(*) > 0 as known
from people
where person = $person
