-- How many people have no time zone, how many of them a telephone number; and how many have one of a name that
-- nobody knows, with up to three such names.
--
-- tables: living

select
    count(*) filter (where living.zone is null) as without_zone,
    count(*) filter (where living.zone is null and living.digits <> '') as with_phone,
    count(*) filter (where living.zone is null and living.written is not null) as misnamed,
    list_slice(list_sort(list(distinct living.written) filter (where living.zone is null)), 1, 3) as names
from living
