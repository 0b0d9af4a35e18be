-- The walks of those who came to the end, or left, have ended.
--
-- tables: outcome, tidegate.instances
-- params: $run_id

update tidegate.instances
set
    status = outcome.status,
    step = coalesce(outcome.step, instances.step),
    step_entered_at = outcome.step_entered_at,
    deadline = null,
    reached = coalesce(outcome.reached, instances.reached),
    exit_reason = outcome.exit_reason,
    ended_at = outcome.ended_at,
    moved_run = $run_id
from outcome
where instances.instance = outcome.instance and outcome.status = 'ended'
