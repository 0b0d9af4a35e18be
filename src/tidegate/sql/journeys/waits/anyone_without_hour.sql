-- Whether there is somebody who did nothing from which an hour could be told.
--
-- tables: here (instance), own_hours

select count(*) > 0 as anyone
from here
where not exists (select 1 from own_hours where own_hours.instance = here.instance)
