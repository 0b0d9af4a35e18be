-- The last decision on an audience, where it is an approval that no run has used.
--
-- tables: tidegate.approvals
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
