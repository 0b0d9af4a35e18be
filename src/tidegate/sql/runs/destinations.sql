-- The destinations that have a message ready, a row due, or one that they have not judged yet.
--
-- tables: tidegate.outbox, tidegate.owed
-- params: $as_of

select outbox.destination
from tidegate.outbox
where outbox.state = 'ready'
union
select owed.destination
from tidegate.owed
where owed.state = 'submitted' or (owed.state = 'due' and owed.next_try <= $as_of)
order by destination
