-- The number of each entry among those by the same key.
--
-- tables: candidates

update candidates
set rotation = candidates.rotation + entering.place
from (
    select
        candidates.candidate,
        row_number() over (
            partition by candidates.person, candidates.entry_key
            order by candidates.candidate
        ) as place
    from candidates
    where candidates.disposition is null
) as entering
where candidates.candidate = entering.candidate
