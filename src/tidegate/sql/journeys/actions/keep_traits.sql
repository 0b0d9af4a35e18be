-- The traits and tags that a journey's walkers got in a run, each as it was set last: of two walks by the one that
-- began later.
--
-- tables: new_traits, tidegate.traits
-- params: $journey, $run_id

insert into tidegate.traits (person, name, kind, value, set_at, journey, step, instance, run_id)
with

ordered as (

    select
        new_traits.*,
        row_number() over (
            partition by new_traits.person, new_traits.kind, new_traits.name
            order by new_traits.instance desc, new_traits.position desc
        ) as back
    from new_traits

)

select
    ordered.person,
    ordered.name,
    ordered.kind,
    ordered.value,
    ordered.set_at,
    $journey as journey,
    ordered.step,
    ordered.instance,
    $run_id as run_id
from ordered
where ordered.back = 1
