-- An approval serves one run.
--
-- tables: tidegate.approvals
-- params: $audience, $blocked_run, $run_id

update tidegate.approvals
set used_run = $run_id
where
    approvals.audience = $audience
    and approvals.blocked_run = $blocked_run
    and approvals.used_run is null
