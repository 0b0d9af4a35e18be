-- Consents that are not known yet: of lines with the same consent_id the first.
--
-- tables: read_events, tidegate.consents
-- params: $run_id, $landed_at

insert into tidegate.consents (
    consent_id, person, channel, topic, given, source, wording, happened_at, address_hash, run_id, landed_at
)
select distinct on (read_events.event_id)
    read_events.event_id,
    read_events.person,
    read_events.channel,
    read_events.topic,
    read_events.given,
    read_events.source,
    read_events.wording,
    read_events.happened_at,
    case when read_events.person is null then tidegate.address_hash(read_events.channel, read_events.address) end,
    $run_id,
    $landed_at
from read_events
where
    read_events.problem is null
    and not exists (select 1 from tidegate.consents where consents.consent_id = read_events.event_id)
order by read_events.event_id, read_events.line
