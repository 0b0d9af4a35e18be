-- Audiences and journeys that a guard blocked in their latest run, and what a person has said to it since. A
-- rejection stands for the runs after it too, as long as the same movement comes again.
--
-- tables: tidegate.audience_runs, tidegate.journey_runs, tidegate.runs, tidegate.approvals
-- params: none

with

-- Names of audiences and journeys are never the same.
moved as (

    select
        audience_runs.run_id,
        audience_runs.audience,
        'audience' as kind,
        audience_runs.verdict,
        audience_runs.reason,
        audience_runs.entered,
        audience_runs."left",
        audience_runs.removed,
        audience_runs.messages,
        audience_runs.members
    from tidegate.audience_runs
    union all
    select
        journey_runs.run_id,
        journey_runs.journey as audience,
        'journey' as kind,
        journey_runs.verdict,
        journey_runs.reason,
        journey_runs.entered,
        journey_runs.ended as "left",
        0 as removed,
        journey_runs.messages,
        journey_runs.inside as members
    from tidegate.journey_runs

),

ranked as (

    select
        moved.*,
        runs.as_of,
        row_number() over (
            partition by moved.audience
            order by runs.started_at desc, runs.as_of desc, runs.run_id desc
        ) as recency
    from moved
    inner join tidegate.runs as runs on moved.run_id = runs.run_id

),

answers as (

    select
        approvals.*,
        row_number() over (
            partition by approvals.audience
            order by approvals.decided_at desc
        ) as recency
    from tidegate.approvals as approvals
    where
        approvals.used_run is null
        and not exists (
            select 1
            from moved
            inner join tidegate.runs as later on moved.run_id = later.run_id
            where
                moved.audience = approvals.audience
                and moved.verdict in ('applied', 'approved')
                and later.started_at > approvals.decided_at
        )

)

select
    ranked.audience,
    ranked.run_id,
    ranked.as_of,
    ranked.reason,
    ranked.entered,
    ranked."left",
    ranked.removed,
    ranked.messages,
    ranked.members,
    answers.decision,
    answers.who,
    ranked.kind
from ranked
left join answers
    on
        ranked.audience = answers.audience
        and answers.recency = 1
        and (
            ranked.run_id = answers.blocked_run
            or (
                answers.decision = 'reject'
                and ranked.entered = answers.entered
                and ranked."left" = answers."left"
                and ranked.removed = answers.removed
                and ranked.messages = answers.messages
            )
        )
where
    ranked.recency = 1
    and ranked.verdict = 'blocked'
order by ranked.audience
