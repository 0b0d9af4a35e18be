-- The last run that moved this journey: its clock, and when it began and decided by the wall's.
--
-- tables: tidegate.journey_runs, tidegate.runs
-- params: $journey

select
    runs.run_id,
    runs.as_of,
    runs.started_at,
    runs.decided_at
from tidegate.journey_runs
inner join tidegate.runs on journey_runs.run_id = runs.run_id
where journey_runs.journey = $journey and journey_runs.verdict in ('applied', 'approved')
order by runs.as_of desc, runs.decided_at desc
limit 1
