-- Keys that somebody may have meant: those a letter or two away, the nearest first.
--
-- tables: people (one row a person: person)
-- params: $person, $count

select person
from people
where
    abs(length(person) - length($person)) <= 2
    and levenshtein(person, $person) <= 2
order by levenshtein(person, $person), person
limit $count
