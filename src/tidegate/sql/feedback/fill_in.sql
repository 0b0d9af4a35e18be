-- What is known of events now. A person stands where there is but one.
--
-- tables: tidegate.feedback, owners

update tidegate.feedback
set
    person = found.person,
    message_key = coalesce(found.message_key, feedback.message_key),
    channel = coalesce(found.channel, feedback.channel),
    destination = coalesce(found.destination, feedback.destination),
    provider_id = coalesce(found.provider_id, feedback.provider_id)
from (
    select
        owners.event_id,
        min(owners.message_key) as message_key,
        case when count(*) = 1 then min(owners.person) end as person,
        min(owners.channel) as channel,
        min(owners.destination) as destination,
        min(owners.provider_id) as provider_id
    from owners
    group by owners.event_id
) as found
where feedback.event_id = found.event_id
