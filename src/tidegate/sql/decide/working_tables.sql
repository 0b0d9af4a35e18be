-- What a decision works on before anything of it touches the state: dropped with the session.

create or replace temp table changes (
    audience varchar,
    person varchar,
    change varchar,           -- enter, leave
    stay integer
);

create or replace temp table seen (
    audience varchar,
    occurrence_id varchar,
    person varchar,
    occurred_at timestamptz,
    disposition varchar
);

create or replace temp table routes (
    channels varchar,         -- as in the outbox: the JSON array
    position integer,
    destination varchar,
    channel varchar
);

create or replace temp table topics (
    message varchar,
    transactional boolean
);

create or replace temp table blocked (
    audience varchar
);

create or replace temp table known_audiences (
    audience varchar
);

create or replace temp table waiting (
    message_key varchar,
    source varchar,
    person varchar,
    channels varchar,
    transactional boolean,
    expired boolean,
    has_left boolean,
    orphaned boolean
);

create or replace temp table verdicts (
    message_key varchar,
    source varchar,
    verdict varchar,          -- send, skip
    reason varchar,
    destination varchar,
    channel varchar
);

create or replace temp table moves (
    destination varchar,
    list varchar,
    person varchar,
    operation varchar,        -- add, update, remove
    fingerprint ubigint,
    doubtful boolean
);

create or replace temp table planned_rows (
    destination varchar,
    list varchar,
    person varchar,
    operation varchar,        -- add, update, leave, remove, keep, refresh, unusable
    identity varchar,
    identifiers varchar,
    traits varchar,
    fingerprint ubigint
)
