-- Those who were inside and go on, or wait in another way, are where this run leaves them.
--
-- tables: outcome, tidegate.instances
-- params: $run_id

update tidegate.instances
set
    step = outcome.step,
    step_entered_at = outcome.step_entered_at,
    deadline = outcome.deadline,
    reached = outcome.reached,
    moved_run = $run_id
from outcome
where instances.instance = outcome.instance and outcome.status = 'active'
