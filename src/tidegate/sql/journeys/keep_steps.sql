-- Who came to which step, and how.
--
-- tables: arrived, walkers, nodes, tidegate.steps
-- params: $journey, $run_id

insert into tidegate.steps (instance, journey, person, step, reached_at, turn, number, run_id)
select
    arrived.instance,
    $journey as journey,
    walkers.person,
    nodes.step,
    arrived.at as reached_at,
    arrived.turn,
    arrived.reached as number,
    $run_id as run_id
from arrived
inner join walkers on arrived.instance = walkers.instance
inner join nodes on arrived.node = nodes.node
where arrived.counted
