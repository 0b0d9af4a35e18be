-- The last decision on an audience, where it is an approval that no run has used. What was approved is over once
-- the audience has moved by itself: an approval is no licence for another day.
--
-- tables: tidegate.approvals, tidegate.audience_runs, tidegate.runs
-- params: $audience

select
    approvals.blocked_run,
    approvals.entered,
    approvals."left"
from tidegate.approvals
where
    approvals.audience = $audience
    and approvals.decision = 'approve'
    and approvals.used_run is null
    and approvals.decided_at = (
        select max(latest.decided_at)
        from tidegate.approvals as latest
        where latest.audience = $audience
    )
    and not exists (
        select 1
        from tidegate.audience_runs
        inner join tidegate.runs on audience_runs.run_id = runs.run_id
        where
            audience_runs.audience = $audience
            and audience_runs.verdict in ('applied', 'approved')
            and runs.started_at > approvals.decided_at
    )
