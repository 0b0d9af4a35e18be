-- Whoever is still welcome gets a number.
--
-- tables: candidates, newcomers
-- params: $newest

insert into newcomers (instance, person, entry_key, rotation, entered_at, context)
select
    $newest + row_number() over (order by candidates.candidate) as instance,
    candidates.person,
    coalesce(candidates.entry_key, '') as entry_key,
    candidates.rotation,
    candidates.occurred_at as entered_at,
    candidates.context
from candidates
where candidates.disposition is null
