-- Everybody who stands at a step that asks for approval, with the last word on them.
--
-- tables: tidegate.instances, tidegate.step_approvals
-- params: $journey, $step

select
    instances.person,
    instances.step_entered_at,
    instances.deadline,
    arg_max(step_approvals.decision, step_approvals.recorded_at) as decision
from tidegate.instances
left join tidegate.step_approvals
    on
        instances.instance = step_approvals.instance
        and instances.step = step_approvals.step
where instances.journey = $journey and instances.step = $step and instances.status = 'active'
group by instances.instance, instances.person, instances.step_entered_at, instances.deadline
order by instances.step_entered_at, instances.person
