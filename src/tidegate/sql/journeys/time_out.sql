-- Whose time is up, and who has not gone another way, goes on from that moment.
--
-- tables: listeners, arrived
-- params: $node, $target, $turn, $as_of

insert into arrived
select
    listeners.instance,
    $target as node,
    greatest(listeners.deadline, listeners.came_at) as at,
    $turn as turn,
    $node as came_from,
    listeners.reached + 1 as reached,
    true as counted
from listeners
where
    listeners.deadline <= $as_of
    and listeners.instance not in (
        select arrived.instance
        from arrived
        where arrived.came_from = $node
    )
