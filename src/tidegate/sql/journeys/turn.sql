-- Everybody who came to a fork takes the way that was found for them, or the last one.
--
-- tables: arrived, chosen (instance, way), ways (way, target, name)
-- params: $node, $otherwise

insert into arrived
select
    arrived.instance,
    ways.target,
    arrived.at,
    ways.name as turn,
    $node as came_from,
    arrived.reached + 1 as reached,
    true as counted
from arrived
left join chosen on arrived.instance = chosen.instance
inner join ways on coalesce(chosen.way, $otherwise) = ways.way
where arrived.node = $node
