-- What became of everybody who might have entered. Who is asked again is written down when the answer changes; who was
-- merely there from the start is known elsewhere, where stays or values are kept ($known).
--
-- tables: candidates, tidegate.occurrences
-- params: $journey, $run_id, $known

insert into tidegate.occurrences (audience, occurrence_id, person, occurred_at, disposition, run_id)
select
    $journey,
    candidates.occurrence_id,
    candidates.person,
    candidates.occurred_at,
    coalesce(candidates.disposition, 'acted'),
    $run_id
from candidates
where
    candidates.disposition is null
    or (
        candidates.disposition is distinct from candidates.said
        and not ($known and candidates.disposition in ('baseline', 'definition'))
    )
