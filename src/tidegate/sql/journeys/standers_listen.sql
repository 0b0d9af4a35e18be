-- Those who have stood at a wait since an earlier run, up to when they are to be heard.
--
-- tables: inside, rests, waiting_for (instance: a message that the wait is about has not gone), endings
-- params: $node, $since, $as_of, $journey, $version, $step

select
    inside.instance,
    inside.person,
    inside.entered_at,
    case $since
        when 'entry' then inside.entered_at
        when 'wait' then coalesce(rests.waits_from, inside.waits_from, inside.step_entered_at)
        else inside.step_entered_at
    end as since,
    case
        when waiting_for.instance is null then least(coalesce(rests.deadline, inside.deadline), $as_of)
        else $as_of
    end as at,
    inside.context,
    inside.step_entered_at as came_at,
    coalesce(rests.waits_from, inside.waits_from, inside.step_entered_at) as waits_from,
    case when waiting_for.instance is null then coalesce(rests.deadline, inside.deadline) end as deadline,
    inside.reached
from inside
left join rests on inside.instance = rests.instance and rests.node = $node
left join waiting_for on inside.instance = waiting_for.instance
where
    inside.journey = $journey
    and inside.version = $version
    and inside.step = $step
    and not inside.migrates
    and inside.instance not in (select endings.instance from endings)
