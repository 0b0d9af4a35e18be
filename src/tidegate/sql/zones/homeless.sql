-- How many people have no time zone, and how many of them a telephone number.
--
-- tables: living

select
    count(*) as without_zone,
    count(*) filter (where living.digits <> '') as with_phone
from living
where living.zone is null
