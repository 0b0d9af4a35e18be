-- The end of the stay of everyone who leaves.
--
-- tables: changes, tidegate.stays
-- params: $audience, $as_of, $run_id, $cause

update tidegate.stays
set left_at = $as_of, left_run = $run_id, leave_cause = $cause
from changes
where
    changes.audience = $audience
    and changes.change = 'leave'
    and stays.audience = $audience
    and stays.person = changes.person
    and stays.left_at is null
