-- Whoever has entered by the same key before: inside still (or inside when it happened), or not to come again, or not
-- yet. Those who end in this very run are not inside after their end.
--
-- tables: tidegate.instances, walk_ends, candidates
-- params: $journey, $again, $every, $overlap

update candidates
set
    rotation = earlier.rotation,
    disposition = case
        when not $overlap and candidates.occurred_at < earlier.left_at then 'inside'
        when $again in ('never', 'per') then 'never'
        when $again = 'after_leaving' and candidates.matched_at <= earlier.entered_at then 'not_left'
        when $again = 'every' and candidates.occurred_at < earlier.entered_at + cast($every as interval) then 'too_soon'
    end
from (
    select
        instances.person,
        instances.entry_key,
        max(instances.rotation) as rotation,
        max(instances.entered_at) as entered_at,
        max(coalesce(walk_ends.ended_at, instances.ended_at, cast('infinity' as timestamptz))) as left_at
    from tidegate.instances
    left join walk_ends on instances.instance = walk_ends.instance
    where
        instances.journey = $journey
        and instances.person in (select candidates.person from candidates where candidates.disposition is null)
    group by instances.person, instances.entry_key
) as earlier
where
    candidates.person = earlier.person
    and candidates.entry_key = earlier.entry_key
    and candidates.disposition is null
