-- When the messages of one step of a journey went.
--
-- tables: tidegate.outbox
-- params: $journey, $step

select
    outbox.instance,
    outbox.settled_at as happened_at
from tidegate.outbox
where
    outbox.source = $journey
    and outbox.step = $step
    and outbox.state = 'accepted'
    and outbox.instance is not null
