-- What became of each journey the last time that a run decided about it.
--
-- tables: tidegate.journey_runs, tidegate.runs
-- params: none

with

ranked as (

    select
        journey_runs.*,
        runs.as_of,
        row_number() over (
            partition by journey_runs.journey
            order by runs.started_at desc, runs.as_of desc, runs.run_id desc
        ) as recency
    from tidegate.journey_runs as journey_runs
    inner join tidegate.runs as runs on journey_runs.run_id = runs.run_id

)

select
    journey,
    run_id,
    as_of,
    verdict,
    reason,
    cause,
    version,
    entered,
    refused,
    moved,
    ended,
    inside,
    planned,
    withheld
from ranked
where recency = 1
order by journey
