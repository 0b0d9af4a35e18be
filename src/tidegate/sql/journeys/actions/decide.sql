-- A person's word on those who stand at a step now: on everybody, or on some.
--
-- tables: tidegate.instances, tidegate.runs, tidegate.step_approvals
-- params: $journey, $step, $everybody, $people, $decision, $why, $who, $recorded_at

insert into tidegate.step_approvals (
    journey, step, instance, person, decision, why, who, decided_at, recorded_at
)
select
    instances.journey,
    instances.step,
    instances.instance,
    instances.person,
    $decision as decision,
    $why as why,
    $who as who,
    (
        select max(runs.as_of)
        from tidegate.runs
        where runs.decided_at = (select max(latest.decided_at) from tidegate.runs as latest)
    ) as decided_at,
    $recorded_at as recorded_at
from tidegate.instances
where
    instances.journey = $journey
    and instances.step = $step
    and instances.status = 'active'
    and ($everybody or list_contains($people, instances.person))
