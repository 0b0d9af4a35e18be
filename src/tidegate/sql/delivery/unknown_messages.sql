-- Messages of which a destination may know what became of them.
--
-- tables: tidegate.outbox
-- params: $destination, $since

select outbox.message_key
from tidegate.outbox
where
    outbox.destination = $destination
    and outbox.state = 'unknown'
    and outbox.settled_at >= $since
order by outbox.message_key
