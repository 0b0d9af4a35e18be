-- What the gate's first checks work on, for a decision and for a claim.

create or replace temp table topics (
    message varchar,
    topic varchar,
    transactional boolean
);

create or replace temp table wants (
    message_key varchar,
    person varchar,
    topic varchar,
    transactional boolean,
    channel varchar,
    destination varchar,
    position integer          -- in the order of preference
);

create or replace temp table addresses (
    person varchar,
    channel varchar,
    address varchar,
    reachable boolean,
    agreed boolean,           -- the condition of `consent:`
    dated boolean,            -- whether it is known since when
    agreed_at timestamptz
);

create or replace temp table fitness (
    message_key varchar,
    position integer,
    destination varchar,
    channel varchar,
    reachable boolean,
    erased boolean,
    suppressed boolean,
    consented boolean
)
