-- What each run made of a journey, as of an audience. A draft is looked at by none.
--
-- tables: tidegate.journey_runs
-- params: none

select
    journey_runs.journey as audience,
    journey_runs.run_id,
    journey_runs.kind,
    journey_runs.sql_hash,
    journey_runs.verdict
from tidegate.journey_runs
where journey_runs.verdict <> 'draft'
