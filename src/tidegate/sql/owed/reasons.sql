-- What is owed, by destination, list, state and reason. Null parameters choose all.
-- A row that was never sent, for want of identifiers, waits for its values, not for a time.
--
-- tables: tidegate.owed
-- params: $destination, $list, $reason, $person

select
    owed.destination,
    owed.list,
    owed.state,
    owed.reason,
    count(*) as people,
    max(owed.attempts) as attempts,
    min(
        case
            when owed.state = 'due' or (owed.state = 'refused' and owed.attempts > 0) then owed.next_try
        end
    ) as next_try
from tidegate.owed
where
    ($destination is null or owed.destination = $destination)
    and ($list is null or owed.list = $list)
    and ($reason is null or owed.reason = $reason)
    and ($person is null or owed.person = $person)
group by owed.destination, owed.list, owed.state, owed.reason
order by owed.destination, owed.list, people desc, owed.state, owed.reason
