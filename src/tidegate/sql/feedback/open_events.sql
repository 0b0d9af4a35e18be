-- Feedback that no decision has taken into account.
--
-- tables: tidegate.feedback, open_events

insert into open_events
select
    event_id,
    kind,
    message_key,
    provider_id,
    destination,
    channel,
    address_hash
from tidegate.feedback
where applied_run is null
