-- Audiences that a guard blocked in their latest run, and what a person has said to it since.
--
-- tables: tidegate.audience_runs, tidegate.runs, tidegate.approvals
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

),

answers as (

    select
        approvals.*,
        row_number() over (
            partition by approvals.audience, approvals.blocked_run
            order by approvals.decided_at desc
        ) as recency
    from tidegate.approvals as approvals
    where approvals.used_run is null

)

select
    ranked.audience,
    ranked.run_id,
    ranked.as_of,
    ranked.reason,
    ranked.entered,
    ranked."left",
    ranked.members,
    answers.decision,
    answers.who
from ranked
left join answers
    on
        ranked.audience = answers.audience
        and ranked.run_id = answers.blocked_run
        and answers.recency = 1
where
    ranked.recency = 1
    and ranked.verdict = 'blocked'
order by ranked.audience
