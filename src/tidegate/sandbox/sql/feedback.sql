-- name: about_message
-- What is needed to say when somebody did something with a message.
select messages.clock_at, messages.received_at, clock.at as clock, clock.set_at
from messages
left join clock on true
where messages.id = :message;

-- name: add
insert into feedback (event_id, message, kind, happened_at, due_at, permanent, topic, url, detail)
values (:event_id, :message, :kind, :happened_at, :due_at, :permanent, :topic, :url, :detail);

-- name: of_message
-- What was done with a message, oldest first; what is not due yet is left out.
select event_id, kind, happened_at, permanent, topic, url, detail, written
from feedback
where message = :message and (due_at is null or due_at <= coalesce((select at from clock), :now))
order by happened_at, number;

-- name: has
select 1 as yes from feedback where message = :message and kind = :kind limit 1;

-- name: matching
-- Messages by the platform's id, the sender's key or the number; by recipient (a pattern); by channel.
select id
from messages
where
    (:message is null or provider_id = :message or key = :message or cast(id as text) = :message)
    and (:to is null or recipient glob :to)
    and (:channel is null or channel = :channel)
order by id;

-- name: to_write
-- Events that are due and in no file yet.
select
    feedback.number, feedback.event_id, feedback.kind, feedback.happened_at, feedback.permanent, feedback.topic,
    feedback.url, feedback.detail, messages.provider_id, messages.key, messages.channel, messages.recipient
from feedback
inner join messages on feedback.message = messages.id
where
    feedback.written = 0
    and (feedback.due_at is null or feedback.due_at <= coalesce((select at from clock), :now))
order by feedback.happened_at, feedback.number
limit :count;

-- name: mark_written
update feedback set written = 1 where number = :number;

-- name: counts
-- How often each kind of thing was done.
select kind, count(*) as events from feedback group by kind order by kind;

-- name: rules
select channel, rule from behaviour order by channel;

-- name: rule
-- How people behave with messages of this channel; of its own rule and that for any other, its own.
select rule from behaviour where channel in (:channel, '') order by channel desc limit 1;

-- name: set_rule
insert into behaviour (channel, rule) values (:channel, :rule)
on conflict (channel) do update set rule = excluded.rule;

-- name: forget_rules
delete from behaviour;

-- name: make_secret
insert into secret (one, value) values (1, :value) on conflict (one) do nothing;

-- name: secret
select value from secret;
