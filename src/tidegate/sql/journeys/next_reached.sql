-- The first step of a stretch, from a number on, to which somebody comes in this run.
--
-- tables: arrived
-- params: $first, $past

select min(arrived.node) as node
from arrived
where arrived.node >= $first and arrived.node < $past
