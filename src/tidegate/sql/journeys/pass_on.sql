-- Everybody who came to a step goes on to the next one, at their own moment or (a message) at the run's.
--
-- tables: arrived
-- params: $node, $target, $moment

insert into arrived
select
    arrived.instance,
    $target as node,
    coalesce($moment, arrived.at) as at,
    null as turn,
    $node as came_from,
    arrived.reached + 1 as reached,
    true as counted
from arrived
where arrived.node = $node
