-- What a destination is still owed.
--
-- tables: tidegate.owed
-- params: none

select
    owed.person,
    owed.operation,
    owed.state,
    owed.reason,
    owed.detail
from tidegate.owed
order by owed.person
