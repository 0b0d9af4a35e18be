-- Where everybody who moved, waits in another way or leaves is in the end.
--
-- tables: rests, arrived, endings, nodes, outcome
-- params: none

create or replace temp table outcome as
with

found as (

    select
        rests.instance,
        rests.node,
        rests.came_at,
        rests.waits_from,
        rests.deadline,
        null as exit_reason,
        cast(null as timestamptz) as ended_at
    from rests
    where
        not exists (
            select 1
            from arrived
            where arrived.instance = rests.instance and arrived.came_from = rests.node
        )
        and rests.instance not in (select endings.instance from endings)

    union all

    select
        arrived.instance,
        arrived.came_from as node,
        null as came_at,
        null as waits_from,
        null as deadline,
        'completed' as exit_reason,
        arrived.at as ended_at
    from arrived
    where arrived.node = 0

    union all

    select
        endings.instance,
        endings.node,
        null as came_at,
        null as waits_from,
        null as deadline,
        endings.reason as exit_reason,
        endings.ended_at
    from endings

)

select
    found.instance,
    nodes.version,
    nodes.step,
    coalesce(found.came_at, arrived.at) as step_entered_at,
    found.waits_from,
    found.deadline,
    arrived.reached,
    case when found.exit_reason is null then 'active' else 'ended' end as status,
    found.exit_reason,
    found.ended_at
from found
left join nodes on found.node = nodes.node
left join arrived on found.instance = arrived.instance and found.node = arrived.node
