-- Whether this run has worked out already what is usual.
--
-- tables: usual_hours
-- params: $run_id, $journey

select count(*) > 0 as known
from usual_hours
where usual_hours.run_id = $run_id and usual_hours.journey = $journey
