-- Whoever heard what they wait for in time goes on from that moment. Where it happened before they came (a wait that
-- listens since entry), they go on at once: nobody's clock goes back.
--
-- tables: listeners, moments (instance, way, happened_at), ways (way, target, name), arrived
-- params: $node

insert into arrived
select
    listeners.instance,
    ways.target,
    greatest(moments.happened_at, listeners.came_at) as at,
    ways.name as turn,
    $node as came_from,
    listeners.reached + 1 as reached,
    true as counted
from moments
inner join listeners on moments.instance = listeners.instance
inner join ways on moments.way = ways.way
where moments.happened_at <= listeners.deadline or listeners.deadline is null
