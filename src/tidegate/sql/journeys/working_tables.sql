-- What a journey's tick works on before anything of it touches the state: dropped with the session.

create or replace temp table here (
    instance bigint,
    person varchar,
    entered_at timestamptz,
    since timestamptz,        -- from when on what happened counts, itself left out
    at timestamptz,           -- the moment at which they are asked: what happened later is not seen
    context varchar           -- JSON object: `entry`
);

create or replace temp table new_messages (
    instance bigint,
    person varchar,
    entry varchar,            -- as in the message's key
    step varchar,
    message varchar,
    channels varchar,         -- as in the outbox: a JSON array
    context varchar,
    due_at timestamptz,
    expires_at timestamptz,
    priority integer,
    answers boolean
);

create or replace temp table new_traits (
    instance bigint,
    person varchar,
    step varchar,
    name varchar,
    kind varchar,
    value varchar,
    set_at timestamptz,
    position integer          -- of the step among the journey's: what is set later counts
);

create or replace temp table new_events (
    event_id varchar,
    person varchar,
    step varchar,
    name varchar,
    occurred_at timestamptz,
    properties varchar
);

create or replace temp table new_list_moves (
    destination varchar,
    list varchar,
    person varchar,
    step varchar,
    at timestamptz,
    position integer,         -- of the step among the journey's, past the last of them once it is completed
    adds boolean              -- else it takes them off
);
