-- Those of whom nothing is known are taken to be like the others.
--
-- tables: here (instance), own_hours, usual_hours
-- params: $run_id, $journey

insert into own_hours
select
    here.instance,
    usual_hours.hour
from here
cross join usual_hours
where
    usual_hours.run_id = $run_id
    and usual_hours.journey = $journey
    and not exists (select 1 from own_hours where own_hours.instance = here.instance)
