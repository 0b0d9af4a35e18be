-- Rows that a destination has not got yet, or has not lost yet, the longest tried first. Null parameters choose all.
-- A row without identifiers waits for its values, not for a time.
--
-- tables: tidegate.owed
-- params: $destination, $list, $reason, $person, $count

select
    owed.destination,
    owed.list,
    owed.person,
    owed.operation,
    owed.state,
    owed.reason,
    owed.detail,
    owed.attempts,
    case
        when owed.state = 'due' or (owed.state = 'refused' and owed.attempts > 0) then owed.next_try
    end as next_try,
    count(*) over () as of_all
from tidegate.owed
where
    ($destination is null or owed.destination = $destination)
    and ($list is null or owed.list = $list)
    and ($reason is null or owed.reason = $reason)
    and ($person is null or owed.person = $person)
order by owed.attempts desc, owed.destination, owed.list, owed.person
limit $count
