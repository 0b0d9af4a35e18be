-- How many people left from which step, before they came to the end.
--
-- tables: endings, nodes, tidegate.instances
-- params: none

select
    coalesce(nodes.step, instances.step) as step,
    endings.reason,
    count(*) as people
from endings
left join nodes on endings.node = nodes.node
left join tidegate.instances on endings.instance = instances.instance
group by coalesce(nodes.step, instances.step), endings.reason
order by step, endings.reason
