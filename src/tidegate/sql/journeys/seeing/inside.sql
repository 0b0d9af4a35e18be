-- How many stand at each step of each version of each journey; on how many of them nobody has said a word, and since
-- when the first of these stands there.
--
-- tables: tidegate.instances, tidegate.step_approvals

with

answered as (

    select distinct
        step_approvals.instance,
        step_approvals.step
    from tidegate.step_approvals

)

select
    instances.journey,
    instances.version,
    instances.step,
    count(*) as people,
    count(*) filter (where answered.instance is null) as unanswered,
    min(instances.step_entered_at) filter (where answered.instance is null) as since
from tidegate.instances as instances
left join answered on instances.instance = answered.instance and instances.step = answered.step
where instances.status = 'active'
group by instances.journey, instances.version, instances.step
order by instances.journey, instances.version, instances.step
