-- Those who enter come to the first step, at the moment of what made them enter.
--
-- tables: newcomers, arrived
-- params: $node

insert into arrived
select
    newcomers.instance,
    $node as node,
    newcomers.entered_at as at,
    null as turn,
    null as came_from,
    1 as reached,
    true as counted
from newcomers
