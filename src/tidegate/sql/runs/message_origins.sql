-- Which audience, or step of which journey, the messages are from that a run sent.
--
-- tables: tidegate.outbox
-- params: $run_id

select
    outbox.provider_id,
    outbox.source,
    case when outbox.instance is not null then outbox.step end as step
from tidegate.outbox
where outbox.settled_run = $run_id and outbox.state = 'accepted' and outbox.provider_id is not null
