-- How often each event happened.
--
-- tables: happened (name)
-- params: none

select
    happened.name,
    count(*) as times
from happened
group by happened.name
