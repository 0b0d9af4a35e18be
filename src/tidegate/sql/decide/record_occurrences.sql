-- Remember every occurrence seen, whatever became of it.
--
-- tables: seen, tidegate.occurrences
-- params: $audience, $run_id

insert into tidegate.occurrences
select
    seen.audience,
    seen.occurrence_id,
    seen.person,
    seen.occurred_at,
    seen.disposition,
    $run_id
from seen
where seen.audience = $audience
