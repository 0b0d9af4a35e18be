-- Those who may still enter, for a predicate. Before entry, all that happened up to then counts; whether they would
-- have to leave at once depends on what happened since.
--
-- tables: candidates, asked
-- params: $before, $until: how late it may be (null: the moment of entry), $within: how long after entry (null: ever)

insert into asked
select
    -candidates.candidate as instance,
    candidates.person,
    candidates.occurred_at as entered_at,
    case when $before then cast('-infinity' as timestamptz) else candidates.occurred_at end as since,
    least(
        coalesce(cast($until as timestamptz), candidates.occurred_at),
        coalesce(candidates.occurred_at + cast($within as interval), cast('infinity' as timestamptz))
    ) as at,
    candidates.context
from candidates
where candidates.disposition is null
