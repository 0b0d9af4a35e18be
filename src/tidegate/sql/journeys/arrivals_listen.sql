-- Those who came to a wait in this run, up to when they are to be heard.
--
-- tables: rests, walkers, arrived, endings
-- params: $node, $since, $as_of

select
    rests.instance,
    walkers.person,
    walkers.entered_at,
    case $since when 'entry' then walkers.entered_at when 'wait' then rests.waits_from else rests.came_at end as since,
    least(rests.deadline, $as_of) as at,
    walkers.context,
    rests.came_at,
    rests.waits_from,
    rests.deadline,
    arrived.reached
from rests
inner join walkers on rests.instance = walkers.instance
inner join arrived on rests.instance = arrived.instance and rests.node = arrived.node
where rests.node = $node and rests.instance not in (select endings.instance from endings)
