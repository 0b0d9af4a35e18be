-- name: add
insert into messages (
    channel, connector, account, provider_id, key, sender, recipient, subject, preview, details, size,
    clock_at, day, received_at
)
values (
    :channel, :connector, :account, :provider_id, :key, :sender, :recipient, :subject, :preview, :details, :size,
    coalesce((select at from clock), :now),
    substr(coalesce((select at from clock), :now), 1, 10),
    :now
);

-- name: add_body
insert into bodies (message, raw) values (:message, :raw);

-- name: add_words
insert into words (rowid, recipient, sender, subject, text)
values (:message, :recipient, :sender, :subject, :text);

-- name: page
-- Messages, newest first, older than :before.
select
    messages.id, messages.channel, messages.account, messages.provider_id, messages.sender, messages.recipient,
    messages.subject, messages.preview, messages.size, messages.clock_at, messages.day, messages.received_at,
    labels.person
from messages
left join labels on messages.recipient = labels.identifier
where
    messages.id < :before
    and (:channel is null or messages.channel = :channel)
    and (:day is null or messages.day = :day)
order by messages.id desc
limit :count;

-- name: page_of_day
-- Messages of one day, newest first, older than :before.
select
    messages.id, messages.channel, messages.account, messages.provider_id, messages.sender, messages.recipient,
    messages.subject, messages.preview, messages.size, messages.clock_at, messages.day, messages.received_at,
    labels.person
from messages
left join labels on messages.recipient = labels.identifier
where
    messages.day = :day
    and messages.id < :before
    and (:channel is null or messages.channel = :channel)
order by messages.id desc
limit :count;

-- name: page_found
-- Messages that hold the words of :words, or went to an address of the person :person; newest first.
select
    messages.id, messages.channel, messages.account, messages.provider_id, messages.sender, messages.recipient,
    messages.subject, messages.preview, messages.size, messages.clock_at, messages.day, messages.received_at,
    labels.person
from messages
left join labels on messages.recipient = labels.identifier
where
    messages.id in (
        select rowid from words where words match :words
        union
        select of_person.id
        from labels as theirs
        inner join messages as of_person on theirs.identifier = of_person.recipient
        where theirs.person = :person
    )
    and messages.id < :before
    and (:channel is null or messages.channel = :channel)
    and (:day is null or messages.day = :day)
order by messages.id desc
limit :count;

-- name: one
select
    messages.id, messages.channel, messages.account, messages.provider_id, messages.sender, messages.recipient,
    messages.subject, messages.preview, messages.size, messages.clock_at, messages.day, messages.received_at,
    messages.connector, messages.key, messages.details, labels.person, origins.origin, bodies.raw
from messages
inner join bodies on messages.id = bodies.message
left join labels on messages.recipient = labels.identifier
left join origins on messages.provider_id = origins.provider_id
where messages.id = :id;

-- name: exists
select channel from messages where id = :id;

-- name: days
select day, channel, count(*) as messages from messages group by day, channel order by day, channel;

-- name: channels
select channel, count(*) as messages from messages group by channel order by channel;

-- name: matching
-- How many messages a filter lets through.
select count(*) as messages
from messages
where (:channel is null or channel = :channel) and (:day is null or day = :day);

-- name: matching_found
select count(*) as messages
from messages
where
    id in (
        select rowid from words where words match :words
        union
        select of_person.id
        from labels as theirs
        inner join messages as of_person on theirs.identifier = of_person.recipient
        where theirs.person = :person
    )
    and (:channel is null or channel = :channel)
    and (:day is null or day = :day);

-- name: of_person
-- What was sent to any address of a person, newest first.
select
    messages.id, messages.channel, messages.sender, messages.recipient, messages.subject, messages.preview,
    messages.clock_at, messages.day
from labels
inner join messages on labels.identifier = messages.recipient
where labels.person = :person
order by messages.id desc
limit :count;

-- name: of_connector
-- What a connector's platform was given to send, oldest first.
select
    messages.id, messages.channel, messages.provider_id, messages.key, messages.sender, messages.recipient,
    messages.subject, messages.details, messages.clock_at, messages.received_at, bodies.raw
from messages
inner join bodies on messages.id = bodies.message
where messages.connector = :connector and (:key is null or messages.key = :key)
order by messages.id;
