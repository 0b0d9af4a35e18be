-- Those who were inside are where this run leaves them.
--
-- tables: outcome, tidegate.instances
-- params: $run_id

update tidegate.instances
set
    version = coalesce(outcome.version, instances.version),
    step = coalesce(outcome.step, instances.step),
    step_entered_at = coalesce(outcome.step_entered_at, instances.step_entered_at),
    waits_from = outcome.waits_from,
    deadline = outcome.deadline,
    reached = coalesce(outcome.reached, instances.reached),
    status = outcome.status,
    exit_reason = outcome.exit_reason,
    ended_at = outcome.ended_at,
    moved_run = $run_id
from outcome
where instances.instance = outcome.instance
