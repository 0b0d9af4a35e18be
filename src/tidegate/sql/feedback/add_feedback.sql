-- Events that are not known yet: of lines with the same event_id the first.
--
-- tables: read_events, tidegate.feedback
-- params: $run_id, $landed_at

insert into tidegate.feedback (
    event_id, kind, happened_at, destination, channel, provider_id, message_key, address_hash, topic, permanent, url,
    detail, run_id, landed_at
)
select distinct on (read_events.event_id)
    read_events.event_id,
    read_events.kind,
    read_events.happened_at,
    read_events.destination,
    read_events.channel,
    read_events.provider_id,
    read_events.message_key,
    tidegate.address_hash(read_events.channel, read_events.address),
    read_events.topic,
    read_events.permanent,
    read_events.url,
    read_events.detail,
    $run_id,
    $landed_at
from read_events
where
    read_events.problem is null
    and not exists (select 1 from tidegate.feedback where feedback.event_id = read_events.event_id)
order by read_events.event_id, read_events.line
