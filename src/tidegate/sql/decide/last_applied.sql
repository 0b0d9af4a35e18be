-- The definition and the clock of the last run in which an audience moved.
--
-- tables: tidegate.audience_runs, tidegate.runs
-- params: $audience

select
    audience_runs.sql_hash,
    runs.as_of
from tidegate.audience_runs
inner join tidegate.runs on audience_runs.run_id = runs.run_id
where
    audience_runs.audience = $audience
    and audience_runs.verdict in ('applied', 'approved')
order by runs.decided_at desc
limit 1
