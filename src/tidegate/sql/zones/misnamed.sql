-- How many people have a time zone of a name that nobody knows, with up to three such names.
--
-- tables: living

select
    count(*) as people,
    list_slice(list_sort(list(distinct living.misnamed)), 1, 3) as names
from living
where living.misnamed is not null
