-- The definition that an audience last moved by.
--
-- tables: tidegate.audience_runs, tidegate.runs
-- params: $audience

select audience_runs.sql_hash
from tidegate.audience_runs
inner join tidegate.runs on audience_runs.run_id = runs.run_id
where
    audience_runs.audience = $audience
    and audience_runs.verdict in ('applied', 'approved')
order by runs.as_of desc, runs.decided_at desc
limit 1
