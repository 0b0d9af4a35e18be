-- Each step: how many came to it, when first and last, and how many of them did afterwards what the journey is for.
-- A step happens when a run carries it out; what happened before that run's clock is not owed to the step.
--
-- tables: tidegate.steps, tidegate.instances, tidegate.runs
-- params: $journey, $version (null: all versions)

select
    steps.step,
    count(*) as reached,
    min(coalesce(runs.as_of, steps.reached_at)) as first_at,
    max(coalesce(runs.as_of, steps.reached_at)) as last_at,
    count(*) filter (where instances.goal_at > coalesce(runs.as_of, steps.reached_at)) as goals
from tidegate.steps as steps
inner join tidegate.instances as instances on steps.instance = instances.instance
left join tidegate.runs as runs on steps.run_id = runs.run_id
where
    steps.journey = $journey
    and ($version is null or instances.version = $version)
group by steps.step
