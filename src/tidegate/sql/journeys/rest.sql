-- Everybody who comes to a wait and stays, with the moment at which their time will be up.
--
-- tables: arrived, timed (instance, deadline, past), rests
-- params: $node, $as_of, $listens (also those stay whose time is up already), $leaves (whoever is too late)

insert into rests (instance, node, came_at, waits_from, deadline, reached)
select
    arrived.instance,
    $node as node,
    arrived.at as came_at,
    arrived.at as waits_from,
    coalesce(timed.deadline, arrived.at) as deadline,
    arrived.reached
from arrived
left join timed on arrived.instance = timed.instance
where
    arrived.node = $node
    and ($listens or timed.deadline > $as_of)
    and not ($leaves and coalesce(timed.past, false))
