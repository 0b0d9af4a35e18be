-- How many people went from which step to which; null is outside.
--
-- tables: arrived, nodes
-- params: none

select
    came.step as came_from,
    went.step as went_to,
    count(*) as people
from arrived
left join nodes as came on arrived.came_from = came.node
left join nodes as went on arrived.node = went.node
where arrived.counted
group by came.step, went.step
order by came.step nulls first, went.step nulls last
