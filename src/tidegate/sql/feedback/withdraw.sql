-- Who unsubscribed does not consent any more: to the topic, or without one to any, by the channel.
--
-- tables: tidegate.feedback, owners, tidegate.consents
-- params: $run_id, $now

insert into tidegate.consents (
    consent_id, person, channel, topic, given, source, wording, happened_at, run_id, landed_at
)
select
    'feedback:' || feedback.event_id || case when feedback.person is null then ':' || owners.person else '' end,
    owners.person,
    feedback.channel,
    feedback.topic,
    false,
    'feedback',
    null,
    feedback.happened_at,
    $run_id,
    $now
from tidegate.feedback
inner join owners on feedback.event_id = owners.event_id
where feedback.applied_run is null and feedback.kind = 'unsubscribed' and feedback.channel is not null
