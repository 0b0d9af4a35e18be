-- How many people wait at each step that asks for approval and have no word yet, and until when the first of them do.
--
-- tables: asking (journey, step), tidegate.instances, tidegate.step_approvals
-- params: none

select
    instances.journey,
    instances.step,
    count(*) as people,
    min(instances.deadline) as until
from tidegate.instances
inner join asking on instances.journey = asking.journey and instances.step = asking.step
where
    instances.status = 'active'
    and not exists (
        select 1
        from tidegate.step_approvals
        where step_approvals.instance = instances.instance and step_approvals.step = instances.step
    )
group by instances.journey, instances.step
order by instances.journey, instances.step
