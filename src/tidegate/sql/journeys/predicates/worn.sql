-- Who has a tag, or which value a trait has: what was set last counts. What this journey set counts at once, what
-- others set from the next run on, so that it does not matter which of them comes first.
--
-- tables: new_traits, tidegate.traits
-- params: $journey, $kind, $name, $as_of

with

rows_of_it as (

    select
        traits.person,
        traits.value,
        traits.set_at,
        traits.run_id,
        traits.journey,
        traits.instance,
        0 as position
    from tidegate.traits
    where
        traits.kind = $kind
        and traits.name = $name
        and (traits.journey = $journey or traits.set_at < $as_of)

    union all

    select
        new_traits.person,
        new_traits.value,
        cast('infinity' as timestamptz) as set_at,
        '' as run_id,
        '' as journey,
        new_traits.instance,
        new_traits.position
    from new_traits
    where new_traits.kind = $kind and new_traits.name = $name

),

ordered as (

    select
        rows_of_it.*,
        row_number() over (
            partition by rows_of_it.person
            order by
                rows_of_it.set_at desc,
                rows_of_it.run_id desc,
                rows_of_it.journey desc,
                rows_of_it.instance desc,
                rows_of_it.position desc
        ) as back
    from rows_of_it

)

select
    ordered.person,
    json_extract_string(ordered.value, '$') as value
from ordered
where ordered.back = 1 and ordered.value is not null
