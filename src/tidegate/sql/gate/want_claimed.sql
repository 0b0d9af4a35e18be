-- The messages of a claim, each by the way that was chosen for it.
--
-- tables: tidegate.outbox, topics, wants
-- params: $claim

insert into wants
select
    outbox.message_key,
    outbox.person,
    topics.topic,
    coalesce(topics.transactional, false) as transactional,
    outbox.channel,
    outbox.destination,
    0 as position
from tidegate.outbox
left join topics on outbox.message = topics.message
where outbox.claim = $claim and outbox.state = 'claimed'
