-- The last decision on an audience or journey, where it is an approval that no run has used. It is for the block that
-- it answers: it counts while the audience stays blocked, under the same definition. Once a run has made anything else
-- of the audience, what was approved is over.
--
-- tables: tidegate.approvals, tidegate.audience_runs, tidegate.journey_runs, tidegate.runs
-- params: $audience, $sql_hash

with

decided as (

    select
        audience_runs.run_id,
        audience_runs.sql_hash,
        audience_runs.verdict
    from tidegate.audience_runs
    where audience_runs.audience = $audience

    union all

    select
        journey_runs.run_id,
        journey_runs.sql_hash,
        journey_runs.verdict
    from tidegate.journey_runs
    where journey_runs.journey = $audience

),

verdicts_of_it as (

    select
        decided.run_id,
        decided.sql_hash,
        decided.verdict,
        runs.as_of,
        runs.decided_at
    from decided
    inner join tidegate.runs on decided.run_id = runs.run_id

)

select
    approvals.blocked_run,
    approvals.entered,
    approvals."left",
    approvals.removed,
    approvals.messages
from tidegate.approvals
inner join verdicts_of_it as answered on approvals.blocked_run = answered.run_id
where
    approvals.audience = $audience
    and approvals.decision = 'approve'
    and approvals.used_run is null
    and answered.sql_hash is not distinct from $sql_hash
    and approvals.decided_at = (
        select max(latest.decided_at)
        from tidegate.approvals as latest
        where latest.audience = $audience
    )
    and not exists (
        select 1
        from verdicts_of_it
        where
            verdicts_of_it.verdict <> 'blocked'
            and (verdicts_of_it.as_of, verdicts_of_it.decided_at) > (answered.as_of, answered.decided_at)
    )
