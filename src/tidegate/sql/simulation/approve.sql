-- Whoever is asked about is taken for approved.
--
-- tables: tidegate.instances, tidegate.step_approvals
-- params: $journey, $steps (those that ask), $as_of

insert into tidegate.step_approvals (journey, step, person, decision, who, decided_at)
select distinct
    instances.journey,
    instances.step,
    instances.person,
    'approve',
    'simulation',
    $as_of
from tidegate.instances
where
    instances.journey = $journey
    and instances.status = 'active'
    and list_contains($steps, instances.step)
