-- How many messages may go now, by the audience or journey that they are of, and destination.
--
-- tables: tidegate.outbox

select
    outbox.source,
    outbox.destination,
    count(*) as ready
from tidegate.outbox
where outbox.state = 'ready'
group by outbox.source, outbox.destination
order by outbox.destination, outbox.source
