-- Whether a destination has somebody to put on one of its lists.
--
-- tables: tidegate.owed
-- params: $destination

select count(*) > 0 as waits
from tidegate.owed
where
    owed.destination = $destination
    and owed.operation in ('add', 'update')
    and owed.state in ('due', 'claimed', 'submitted')
