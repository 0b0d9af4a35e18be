-- Whose messages of these steps have not gone yet.
--
-- tables: here, tidegate.outbox, new_messages
-- params: $steps

create or replace temp table unsent as
select new_messages.instance
from new_messages
where list_contains($steps, new_messages.step)

union

select outbox.instance
from tidegate.outbox
where
    outbox.state in ('planned', 'ready', 'claimed')
    and list_contains($steps, outbox.step)
    and outbox.instance in (select here.instance from here)
