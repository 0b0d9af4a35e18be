-- Those who may enter, as if they were inside.
--
-- tables: candidates
-- params: $as_of

select
    candidates.candidate as instance,
    candidates.person,
    candidates.occurred_at as entered_at,
    candidates.occurred_at as since,
    $as_of as at,
    candidates.context
from candidates
where candidates.disposition is null
