-- Whoever came into a segment, or onto a list, since the last run. Each stay is an occasion of its own.
--
-- tables: entry (person, context), changes, tidegate.stays, found
-- params: $journey, $kind, $as_of, $disposition

insert into found
with

entering as (

    select changes.person
    from changes
    where changes.audience = $journey and changes.change = 'enter'

),

earlier as (

    select
        stays.person,
        max(stays.stay) as stay
    from tidegate.stays
    where stays.audience = $journey and stays.person in (select entering.person from entering)
    group by stays.person

)

select
    concat_ws(':', $kind, entering.person, coalesce(earlier.stay, 0) + 1) as occurrence_id,
    entering.person,
    $as_of as occurred_at,
    null as matched_at,
    entry.context,
    $disposition as disposition,
    null as said
from entering
inner join entry on entering.person = entry.person
left join earlier on entering.person = earlier.person
