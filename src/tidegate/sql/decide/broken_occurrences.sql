-- Up to three of a trigger's new occurrences for each thing that can be wrong with them, by what names them:
-- the person where the id is missing, else the id; `repeated` ids with how often they come.
--
-- tables: seen
-- params: $audience

with

named as (

    select
        'occurrence_id' as wrong,
        seen.person as name,
        1 as times
    from seen
    where seen.audience = $audience and seen.occurrence_id is null

    union all

    select
        'person' as wrong,
        seen.occurrence_id as name,
        1 as times
    from seen
    where seen.audience = $audience and (seen.person is null or trim(seen.person) = '')

    union all

    select
        'occurred_at' as wrong,
        seen.occurrence_id as name,
        1 as times
    from seen
    where seen.audience = $audience and seen.occurred_at is null

    union all

    select
        'repeated' as wrong,
        seen.occurrence_id as name,
        count(*) as times
    from seen
    where seen.audience = $audience
    group by seen.occurrence_id
    having count(*) > 1

)

select
    named.wrong,
    named.name,
    named.times
from named
where named.name is not null
qualify row_number() over (partition by named.wrong order by named.times desc, named.name) <= 3
order by named.wrong, named.times desc, named.name
