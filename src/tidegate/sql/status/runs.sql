-- The latest runs, the newest first.
--
-- tables: tidegate.runs
-- params: $count

select
    run_id,
    kind,
    target,
    as_of,
    status,
    started_at,
    finished_at,
    problem
from tidegate.runs
order by started_at desc, as_of desc, run_id desc
limit $count
