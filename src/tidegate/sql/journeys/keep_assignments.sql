-- Arms are what they were at first exposure.
--
-- tables: new_assignments, tidegate.assignments
-- params: $as_of, $run_id

insert into tidegate.assignments (experiment, person, arm, assigned_at, run_id)
select distinct
    new_assignments.experiment,
    new_assignments.person,
    new_assignments.arm,
    $as_of as assigned_at,
    $run_id as run_id
from new_assignments
