-- Events that name their message by its key.
--
-- tables: open_events, tidegate.outbox, owners

insert into owners
select
    open_events.event_id,
    outbox.message_key,
    outbox.person,
    outbox.channel,
    outbox.destination,
    outbox.provider_id
from open_events
inner join tidegate.outbox on open_events.message_key = outbox.message_key
