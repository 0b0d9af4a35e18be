-- The messages of a claim that nobody has settled.
--
-- tables: tidegate.outbox
-- params: $claim

select outbox.message_key
from tidegate.outbox
where outbox.claim = $claim and outbox.state = 'claimed'
order by outbox.message_key
