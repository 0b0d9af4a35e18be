-- The state of version 1. Every time is UTC; `person` is the project's key as text.
-- Uniqueness is kept by the statements that write (one transaction, one writer), not by indexes:
-- an index over ten million rows costs more than the diff it would protect.

create table tidegate.runs (
    run_id varchar not null,
    kind varchar not null,                -- run, replay
    target varchar not null,
    as_of timestamptz not null,
    watermark timestamptz,
    version varchar not null,
    status varchar not null,              -- started, decided, finished, failed, abandoned
    started_at timestamptz not null,
    decided_at timestamptz,
    finished_at timestamptz,
    problem varchar
);

create table tidegate.landed (
    source varchar not null,
    file varchar not null,
    sha256 varchar not null,
    bytes bigint not null,
    modified timestamptz not null,
    rows bigint not null,
    run_id varchar not null,
    landed_at timestamptz not null
);

create table tidegate.audience_versions (
    audience varchar not null,
    sql_hash varchar not null,
    sql varchar not null,
    first_run varchar not null
);

create table tidegate.audience_runs (
    run_id varchar not null,
    audience varchar not null,
    kind varchar not null,                -- who, when
    sql_hash varchar,
    cause varchar,                        -- data, definition, baseline
    verdict varchar not null,             -- applied, approved, blocked, contract, failed
    reason varchar,
    entered bigint not null,
    "left" bigint not null,
    removed bigint not null,              -- from its lists, all together
    messages bigint not null,             -- that its changes would plan
    members bigint not null,
    planned bigint not null,
    withheld bigint not null
);

create table tidegate.approvals (
    audience varchar not null,
    blocked_run varchar not null,
    decision varchar not null,            -- approve, reject
    entered bigint not null,
    "left" bigint not null,
    removed bigint not null,
    messages bigint not null,
    why varchar,
    who varchar,
    decided_at timestamptz not null,
    used_run varchar
);

create table tidegate.contract_results (
    run_id varchar not null,
    model varchar not null,
    contract varchar not null,
    column_name varchar,
    passed boolean not null,
    failing_rows bigint,
    detail varchar
);

create table tidegate.occurrences (
    audience varchar not null,
    occurrence_id varchar not null,
    person varchar not null,
    occurred_at timestamptz not null,
    disposition varchar not null,         -- acted, baseline, definition, too_old, condition
    run_id varchar not null
);

create table tidegate.stays (
    audience varchar not null,
    person varchar not null,
    stay integer not null,
    entered_at timestamptz not null,
    entered_run varchar not null,
    enter_cause varchar not null,
    left_at timestamptz,
    left_run varchar,
    leave_cause varchar
);

create table tidegate.lists (
    destination varchar not null,
    list varchar not null,
    mode varchar not null,                -- list, object
    keyed_by varchar not null,            -- person, identifiers: what the destination knows a row by
    scheme varchar not null,              -- how `fingerprint` was made
    run_id varchar not null
);

create table tidegate.delivered (
    destination varchar not null,
    list varchar not null,
    person varchar not null,
    identity varchar not null,            -- md5 of identifiers
    identifiers varchar not null,         -- JSON object, as sent
    traits varchar not null,              -- JSON object, as sent
    fingerprint ubigint not null,         -- of the mapped source values
    accepted_at timestamptz not null,
    run_id varchar not null
);

create table tidegate.owed (
    destination varchar not null,
    list varchar not null,
    person varchar not null,
    operation varchar not null,           -- add, update, leave (an upsert of on_leave's values), remove
    identity varchar not null,
    identifiers varchar not null,
    traits varchar not null,
    fingerprint ubigint,
    state varchar not null,               -- due, claimed, refused, held (its list is blocked)
    in_doubt boolean not null,            -- the destination may have done it
    reason varchar,
    detail varchar,
    attempts integer not null,
    next_try timestamptz not null,
    claim varchar,
    run_id varchar not null
);

create table tidegate.outbox (
    message_key varchar not null,
    source varchar not null,
    person varchar not null,
    entry varchar not null,
    step varchar not null,
    visit integer not null,
    message varchar not null,
    channels varchar not null,            -- JSON array, in order of preference
    channel varchar,                      -- chosen by the gate
    destination varchar,
    context varchar not null,             -- JSON object: the columns of `entry`
    due_at timestamptz not null,
    expires_at timestamptz not null,
    priority integer not null,
    state varchar not null,               -- planned, ready, claimed, accepted, rejected, unknown, skipped
    reason varchar,
    provider_id varchar,
    attempts integer not null,
    claim varchar,
    planned_run varchar not null,
    settled_run varchar,
    planned_at timestamptz not null,      -- the run's clock
    settled_at timestamptz                -- the run's clock
);

create table tidegate.attempts (
    message_key varchar,
    destination varchar not null,
    list varchar,                         -- set on attempts that are batches of rows
    claim varchar not null,
    attempt integer not null,
    rows bigint not null,
    run_id varchar not null,
    claimed_at timestamptz not null,      -- wall clock
    settled_at timestamptz,
    outcome varchar,                      -- accepted, rejected, retry, unknown; null while under way
    provider_id varchar,
    reason varchar,
    detail varchar
);

create table tidegate.decisions (
    message_key varchar not null,
    run_id varchar not null,
    verdict varchar not null,             -- hold, skip
    reason varchar not null,
    until timestamptz,
    decided_at timestamptz not null
);
