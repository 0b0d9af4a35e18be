-- What the last run made of an audience or a journey.
--
-- tables: tidegate.audience_runs, tidegate.journey_runs, tidegate.runs
-- params: $audience

with

decided as (

    select
        audience_runs.run_id,
        audience_runs.verdict,
        audience_runs.entered,
        audience_runs."left",
        audience_runs.removed,
        audience_runs.messages
    from tidegate.audience_runs
    where audience_runs.audience = $audience

    union all

    select
        journey_runs.run_id,
        journey_runs.verdict,
        journey_runs.entered,
        journey_runs.ended as "left",
        0 as removed,
        journey_runs.messages
    from tidegate.journey_runs
    where journey_runs.journey = $audience

)

select
    decided.run_id,
    decided.verdict,
    decided.entered,
    decided."left",
    decided.removed,
    decided.messages
from decided
inner join tidegate.runs on decided.run_id = runs.run_id
order by runs.as_of desc, runs.decided_at desc
limit 1
