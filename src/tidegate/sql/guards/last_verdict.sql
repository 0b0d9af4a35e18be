-- What the last run made of an audience.
--
-- tables: tidegate.audience_runs, tidegate.runs
-- params: $audience

select
    audience_runs.run_id,
    audience_runs.verdict,
    audience_runs.entered,
    audience_runs."left",
    audience_runs.removed,
    audience_runs.messages
from tidegate.audience_runs
inner join tidegate.runs on audience_runs.run_id = runs.run_id
where audience_runs.audience = $audience
order by runs.as_of desc, runs.decided_at desc
limit 1
