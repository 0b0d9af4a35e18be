-- How many are asked, and from when on anything can count for one of them.
--
-- tables: here
-- params: none

select
    count(*) as people,
    nullif(min(here.entered_at), cast('-infinity' as timestamptz)) as entered_at,
    nullif(min(here.since), cast('-infinity' as timestamptz)) as since,
    min(here.at) as asked_at
from here
