-- What became of each audience the last time that a run decided about it.
--
-- tables: tidegate.audience_runs, tidegate.runs
-- params: none

with

ranked as (

    select
        audience_runs.*,
        runs.as_of,
        row_number() over (
            partition by audience_runs.audience
            order by runs.started_at desc, runs.as_of desc, runs.run_id desc
        ) as recency
    from tidegate.audience_runs as audience_runs
    inner join tidegate.runs as runs on audience_runs.run_id = runs.run_id

)

select
    audience,
    run_id,
    as_of,
    verdict,
    reason,
    cause,
    entered,
    "left",
    members,
    planned,
    withheld
from ranked
where recency = 1
order by audience
