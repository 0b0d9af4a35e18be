-- Those who may still enter, for a predicate. Before entry, all that happened up to then counts; whether they would
-- have to leave at once depends on what happened since.
--
-- tables: candidates, asked
-- params: $before, $until: how late it may be; null is the moment of entry

insert into asked
select
    -candidates.candidate as instance,
    candidates.person,
    candidates.occurred_at as entered_at,
    case when $before then cast('-infinity' as timestamptz) else candidates.occurred_at end as since,
    coalesce(cast($until as timestamptz), candidates.occurred_at) as at,
    candidates.context
from candidates
where candidates.disposition is null
