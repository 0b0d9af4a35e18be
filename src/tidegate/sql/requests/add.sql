-- Requests that a delivery made since it last told.
--
-- tables: asked (registered), tidegate.requests
-- params: $destination, $run_id

insert into tidegate.requests
select
    $destination,
    $run_id,
    asked.made_at,
    asked.method,
    asked.path,
    asked.status,
    asked.seconds,
    asked.rows,
    asked.failed,
    asked.said,
    asked.limits,
    asked.times
from asked
