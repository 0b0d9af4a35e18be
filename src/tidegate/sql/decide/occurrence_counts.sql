-- Whether a trigger's new occurrences are whole, and how many act.
--
-- tables: seen
-- params: $audience

select
    count(*) as occurrences,
    count(distinct seen.occurrence_id) as different,
    count(*) filter (where seen.occurrence_id is null) as without_id,
    count(*) filter (where seen.person is null or trim(seen.person) = '') as without_person,
    count(*) filter (where seen.occurred_at is null) as without_time,
    count(*) filter (where seen.disposition = 'acted') as acted
from seen
where seen.audience = $audience
