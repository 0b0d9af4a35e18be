-- Whose value changed in a way that counts, of those who had been seen before.
--
-- tables: entry (person, context, counts), tidegate.occurrences, found
-- params: $journey, $as_of, $disposition

insert into found
with

changed as (

    select
        entry.person,
        entry.context
    from entry
    where entry.counts

),

earlier as (

    select
        occurrences.person,
        count(*) as changes
    from tidegate.occurrences
    where
        occurrences.audience = $journey
        and occurrences.occurrence_id like 'change:%'
        and occurrences.person in (select changed.person from changed)
    group by occurrences.person

)

select
    concat_ws(':', 'change', changed.person, coalesce(earlier.changes, 0) + 1) as occurrence_id,
    changed.person,
    $as_of as occurred_at,
    null as matched_at,
    changed.context,
    $disposition as disposition,
    null as said
from changed
left join earlier on changed.person = earlier.person
