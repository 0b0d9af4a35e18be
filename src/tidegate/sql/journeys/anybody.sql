-- Whether somebody comes to a step in this run.
--
-- tables: arrived
-- params: $node

select 1
from arrived
where arrived.node = $node
limit 1
