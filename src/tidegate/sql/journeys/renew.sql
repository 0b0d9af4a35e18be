-- The time of these people runs from another moment than before.
--
-- tables: renewing, timed (instance, deadline, past), rests
-- params: $node

insert into rests (instance, node, came_at, waits_from, deadline, reached)
select
    renewing.instance,
    $node as node,
    renewing.came_at,
    renewing.at as waits_from,
    coalesce(timed.deadline, renewing.at) as deadline,
    renewing.reached
from renewing
left join timed on renewing.instance = timed.instance
