-- The run that made a claim.
--
-- tables: tidegate.attempts
-- params: $claim

select coalesce(max(attempts.run_id), '') as run_id
from tidegate.attempts
where attempts.claim = $claim
