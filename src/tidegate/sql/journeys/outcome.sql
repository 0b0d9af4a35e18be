-- Where everybody who moved, waits in another way or leaves is in the end. Of those who end, `step_entered_at` is when.
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
        case when rests.waits_from <> rests.came_at then rests.waits_from end as waits_from,
        rests.deadline,
        rests.reached,
        null as exit_reason,
        cast(null as timestamptz) as ended_at
    from rests
    where rests.instance not in (select endings.instance from endings)

    union all

    select
        arrived.instance,
        arrived.came_from as node,
        arrived.at as came_at,
        null as waits_from,
        null as deadline,
        arrived.reached - 1 as reached,
        'completed' as exit_reason,
        arrived.at as ended_at
    from arrived
    where arrived.node = 0

    union all

    select
        endings.instance,
        endings.node,
        endings.ended_at as came_at,
        null as waits_from,
        null as deadline,
        arrived.reached,
        endings.reason as exit_reason,
        endings.ended_at
    from endings
    left join arrived on endings.instance = arrived.instance and endings.node = arrived.node

)

select
    found.instance,
    nodes.version,
    nodes.step,
    found.came_at as step_entered_at,
    found.waits_from,
    found.deadline,
    found.reached,
    case when found.exit_reason is null then 'active' else 'ended' end as status,
    found.exit_reason,
    found.ended_at
from found
left join nodes on found.node = nodes.node
