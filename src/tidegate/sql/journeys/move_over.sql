-- Those who move over to the newest version come to a step of it, or stand there already.
--
-- tables: inside, migrants, nodes, endings, arrived
-- params: $journey, $first (the first node of that version)

insert into arrived
select
    inside.instance,
    nodes.node,
    migrants.at,
    migrants.turn,
    null as came_from,
    inside.reached + case when migrants.turn is null then 0 else 1 end as reached,
    migrants.turn is not null as counted
from inside
inner join migrants on inside.instance = migrants.instance
inner join nodes on migrants.version = nodes.version and migrants.step = nodes.step
where
    inside.journey = $journey
    and nodes.node >= $first
    and inside.instance not in (select endings.instance from endings)
