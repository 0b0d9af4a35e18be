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
    topic varchar,
    transactional boolean,
    priority integer,
    due_at timestamptz,
    expires_at timestamptz,
    has_left boolean,
    orphaned boolean
);

create or replace temp table verdicts (
    message_key varchar,
    source varchar,
    person varchar,
    transactional boolean,
    priority integer,
    due_at timestamptz,
    expires_at timestamptz,
    verdict varchar,          -- send, hold, skip
    reason varchar,
    until timestamptz,        -- of a hold: it cannot go before
    destination varchar,
    channel varchar
);

create or replace temp table holdouts (
    experiment varchar,
    source varchar,           -- null: every one
    salt varchar,
    share double
);

create or replace temp table quiet_times (
    channel varchar,
    opens integer,            -- minutes of a week that begins on Monday, by the clock on the wall
    closes integer
);

create or replace temp table living (
    person varchar,
    zone varchar,
    misnamed varchar,         -- what people says where no zone has this name
    digits varchar            -- of the telephone number, where people says no zone
);

create or replace temp table dialled (
    prefix varchar,
    zone varchar
);

create or replace temp table quiet (
    channel varchar,
    zone varchar,
    until timestamptz
);

create or replace temp table caps (
    cap integer,
    channel varchar,          -- a cap on `any` has a row for each
    every boolean,            -- a cap on `any`
    most integer,
    per interval
);

create or replace temp table throttles (
    destination varchar,
    most integer,
    per interval
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
