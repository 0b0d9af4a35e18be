-- The messages of a claim that nobody has settled, in the order in which they were claimed.
--
-- tables: tidegate.outbox
-- params: $claim

select outbox.message_key
from tidegate.outbox
where outbox.claim = $claim and outbox.state = 'claimed'
order by outbox.priority desc, outbox.due_at asc, outbox.message_key asc
