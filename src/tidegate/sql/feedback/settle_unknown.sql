-- Messages that may or may not have gone, and that somebody or some platform has answered: they went.
--
-- tables: tidegate.outbox, owners
-- params: $run_id, $as_of

update tidegate.outbox
set
    state = 'accepted',
    reason = null,
    provider_id = coalesce(outbox.provider_id, found.provider_id),
    settled_run = $run_id,
    settled_at = cast($as_of as timestamptz)
from (
    select
        owners.message_key,
        min(open_events.provider_id) as provider_id
    from owners
    inner join open_events on owners.event_id = open_events.event_id
    group by owners.message_key
) as found
where outbox.message_key = found.message_key and outbox.state = 'unknown'
