-- From here on the run's rows count.
--
-- tables: tidegate.runs
-- params: $run_id, $watermark, $decided_at

update tidegate.runs
set status = 'decided', watermark = $watermark, decided_at = $decided_at
where runs.run_id = $run_id
