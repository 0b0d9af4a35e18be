-- How many messages may go now, by destination.
--
-- tables: tidegate.outbox

select
    outbox.destination,
    count(*) as ready
from tidegate.outbox
where outbox.state = 'ready'
group by outbox.destination
order by outbox.destination
