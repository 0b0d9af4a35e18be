-- Those who came to a wait in this run, up to when they are to be heard.
--
-- tables: rests, walkers, waiting_for (instance: a message that the wait is about has not gone)
-- params: $node, $since, $as_of

select
    rests.instance,
    walkers.person,
    walkers.entered_at,
    case $since when 'entry' then walkers.entered_at when 'wait' then rests.waits_from else rests.came_at end as since,
    case when waiting_for.instance is null then least(rests.deadline, $as_of) else $as_of end as at,
    walkers.context,
    rests.came_at,
    rests.waits_from,
    case when waiting_for.instance is null then rests.deadline end as deadline,
    rests.reached
from rests
inner join walkers on rests.instance = walkers.instance
left join waiting_for on rests.instance = waiting_for.instance
where rests.node = $node
