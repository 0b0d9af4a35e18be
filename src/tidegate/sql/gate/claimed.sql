-- The messages of a claim, as `wants` of sql/gate/fitness.sql.
--
-- tables: tidegate.outbox, topics (message, topic, transactional)
-- params: $claim

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
