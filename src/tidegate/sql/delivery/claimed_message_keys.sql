-- The messages of a claim, with their destination and the run that claimed them.
--
-- tables: tidegate.outbox
-- params: $claim

select
    outbox.message_key,
    outbox.destination
from tidegate.outbox
where outbox.claim = $claim and outbox.state = 'claimed'
order by outbox.message_key
