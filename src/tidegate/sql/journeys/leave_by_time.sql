-- Whoever stands at a wait that nothing but its time ends, and whose time is up, goes on from that moment.
--
-- tables: inside, ways (node, version, step, target), endings, arrived
-- params: $journey, $as_of

insert into arrived
select
    inside.instance,
    ways.target,
    inside.deadline,
    null as turn,
    ways.node,
    inside.reached + 1 as reached,
    true as counted
from inside
inner join ways on inside.version = ways.version and inside.step = ways.step
where
    inside.journey = $journey
    and inside.deadline <= $as_of
    and not inside.migrates
    and inside.instance not in (select endings.instance from endings)
