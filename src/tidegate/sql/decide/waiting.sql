-- The messages that the gate looks at: planned and due, of audiences that are not blocked. Those whose audience the
-- project no longer has are `orphaned`.
--
-- tables: tidegate.outbox, tidegate.stays, topics, blocked, known_audiences, waiting
-- params: $as_of

insert into waiting
select
    outbox.message_key,
    outbox.source,
    outbox.person,
    outbox.channels,
    topics.topic,
    coalesce(topics.transactional, false),
    outbox.priority,
    outbox.due_at,
    outbox.expires_at,
    stays.person is not null,
    outbox.source not in (select known_audiences.audience from known_audiences)
from tidegate.outbox
left join topics on outbox.message = topics.message
left join tidegate.stays
    on
        outbox.step like 'on_enter.%'
        and outbox.source = stays.audience
        and outbox.person = stays.person
        and outbox.entry = cast(stays.stay as varchar)
        and stays.left_at is not null
where
    outbox.state = 'planned'
    and outbox.due_at <= $as_of
    and outbox.source not in (select blocked.audience from blocked)
