-- Whoever is in a segment and not inside the journey: asked in every run, each time after what was said last.
-- Those who were there at the first run, or came by an edited model, stay outside until they left and came back.
--
-- tables: entry (person, context), changes, tidegate.stays, tidegate.instances, walk_ends, tidegate.occurrences, found
-- params: $journey, $as_of, $cause, $backfill, $overlap

insert into found
with

staying as (

    select
        stays.person,
        stays.entered_at,
        stays.enter_cause
    from tidegate.stays
    where stays.audience = $journey and stays.left_at is null

),

inside as (

    select instances.person
    from tidegate.instances
    where
        instances.journey = $journey
        and instances.status = 'active'
        and instances.instance not in (select walk_ends.instance from walk_ends)

),

outside as (

    select
        entry.person,
        entry.context,
        coalesce(staying.entered_at, $as_of) as matched_at,
        coalesce(staying.enter_cause, $cause) as cause
    from entry
    left join staying on entry.person = staying.person
    where $overlap or entry.person not in (select inside.person from inside)

),

numbered as (

    select
        occurrences.person,
        occurrences.disposition,
        cast(substr(occurrences.occurrence_id, length(occurrences.person) + 5) as bigint) as number
    from tidegate.occurrences
    where
        occurrences.audience = $journey
        and occurrences.occurrence_id like 'in:%'
        and occurrences.person in (select outside.person from outside)

),

last_said as (

    select
        numbered.person,
        numbered.disposition,
        numbered.number
    from numbered
    qualify row_number() over (partition by numbered.person order by numbered.number desc) = 1

)

select
    concat_ws(':', 'in', outside.person, coalesce(last_said.number, 0) + 1) as occurrence_id,
    outside.person,
    $as_of as occurred_at,
    outside.matched_at,
    outside.context,
    case when outside.cause <> 'data' and not $backfill then outside.cause end as disposition,
    last_said.disposition as said
from outside
left join last_said on outside.person = last_said.person
