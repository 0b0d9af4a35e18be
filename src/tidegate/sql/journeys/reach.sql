-- Everybody who comes to a step in this run. What happened counts since entry, or since they came.
--
-- tables: arrived, walkers
-- params: $node, $from_entry

create or replace temp table here as
select
    arrived.instance,
    walkers.person,
    walkers.entered_at,
    case when $from_entry then walkers.entered_at else arrived.at end as since,
    arrived.at,
    walkers.context
from arrived
inner join walkers on arrived.instance = walkers.instance
where arrived.node = $node
