-- What a decision works on while it takes feedback into account: dropped with the session.

create or replace temp table open_events (
    event_id varchar,
    kind varchar,
    message_key varchar,
    provider_id varchar,
    destination varchar,
    channel varchar,
    address_hash varchar
);

create or replace temp table open_consents (
    consent_id varchar,
    channel varchar,
    address_hash varchar
);

-- Whose an event is; where several share an address, of an event by address all of them.
create or replace temp table owners (
    event_id varchar,
    message_key varchar,
    person varchar,
    channel varchar,
    destination varchar,
    provider_id varchar
);

create or replace temp table address_book (
    person varchar,
    channel varchar,
    address_hash varchar
)
