-- Everybody who comes to a wait, with the moment at which their time will be up. Where a message that the wait is about
-- has not gone yet, the time has not begun to run. Where no such moment can be told, there is nothing to wait for.
--
-- tables: here, timed (instance, deadline, past), unsent (instance), rests
-- params: $node

insert into rests (instance, node, came_at, waits_from, deadline)
select
    here.instance,
    $node as node,
    here.at as came_at,
    here.at as waits_from,
    case when unsent.instance is null then coalesce(timed.deadline, here.at) end as deadline
from here
left join timed on here.instance = timed.instance
left join unsent on here.instance = unsent.instance
