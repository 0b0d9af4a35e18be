-- Everybody who comes to a step that asks for an answer is asked now, and waits.
--
-- tables: arrived, rests
-- params: $node, $as_of, $deadline

insert into rests (instance, node, came_at, waits_from, deadline, reached)
select
    arrived.instance,
    $node as node,
    $as_of as came_at,
    $as_of as waits_from,
    $deadline as deadline,
    arrived.reached
from arrived
where arrived.node = $node
