-- Whoever comes to a wait whose time is up already goes on at once. Where no end of it can be told, there is nothing to
-- wait for.
--
-- tables: arrived, timed (instance, deadline, past)
-- params: $node, $target, $as_of, $leaves (whoever is too late)

insert into arrived
select
    arrived.instance,
    $target as node,
    greatest(timed.deadline, arrived.at) as at,
    null as turn,
    $node as came_from,
    arrived.reached + 1 as reached,
    true as counted
from arrived
left join timed on arrived.instance = timed.instance
where
    arrived.node = $node
    and coalesce(timed.deadline <= $as_of, true)
    and not ($leaves and coalesce(timed.past, false))
