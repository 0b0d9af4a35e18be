-- A run ends.
--
-- tables: tidegate.runs
-- params: $run_id, $status, $finished_at, $problem

update tidegate.runs
set status = $status, finished_at = $finished_at, problem = $problem
where runs.run_id = $run_id
