-- The occurrences of a trigger that no run has seen, with what `see_occurrences` makes of each.
--
-- tables: entry (occurrence_id, context), seen, found
-- params: $journey

insert into found
select
    seen.occurrence_id,
    seen.person,
    seen.occurred_at,
    null as matched_at,
    entry.context,
    case when seen.disposition <> 'acted' then seen.disposition end as disposition,
    null as said
from seen
inner join entry on seen.occurrence_id = entry.occurrence_id
where seen.audience = $journey
