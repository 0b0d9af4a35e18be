-- List rows that destinations have not taken: how many, why, and when they are tried again.
--
-- tables: tidegate.owed
-- params: none

select
    destination,
    list,
    state,
    in_doubt,
    reason,
    count(*) as row_count,
    min(next_try) as next_try
from tidegate.owed
group by destination, list, state, in_doubt, reason
order by destination, list, state, row_count desc, reason
