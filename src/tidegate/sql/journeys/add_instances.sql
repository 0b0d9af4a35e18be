-- Those who entered are inside, or have ended already.
--
-- tables: newcomers, outcome, tidegate.instances
-- params: $journey, $version, $run_id

insert into tidegate.instances (
    instance, journey, person, entry_key, rotation, version, status, step, entered_at, step_entered_at, deadline,
    context, exit_reason, ended_at, entered_run, moved_run, waits_from, reached
)
select
    newcomers.instance,
    $journey as journey,
    newcomers.person,
    newcomers.entry_key,
    newcomers.rotation,
    $version as version,
    outcome.status,
    outcome.step,
    newcomers.entered_at,
    outcome.step_entered_at,
    outcome.deadline,
    newcomers.context,
    outcome.exit_reason,
    outcome.ended_at,
    $run_id as entered_run,
    $run_id as moved_run,
    outcome.waits_from,
    outcome.reached
from newcomers
inner join outcome on newcomers.instance = outcome.instance
