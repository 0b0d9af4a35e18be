-- Whom a person approved (way 0) or rejected (way 1) while they stood at a step: of several words the last. The
-- moment is the clock of the last run before, and not before they came there.
--
-- tables: here, tidegate.step_approvals
-- params: $journey, $step

select
    here.instance,
    case approved.decision when 'approve' then 0 else 1 end as way,
    greatest(approved.decided_at, coalesce(here.since, approved.decided_at)) as happened_at
from here
inner join tidegate.step_approvals as approved on here.instance = approved.instance
where
    approved.journey = $journey
    and approved.step = $step
    and approved.recorded_at = (
        select max(later.recorded_at)
        from tidegate.step_approvals as later
        where later.journey = $journey and later.step = $step and later.instance = here.instance
    )
