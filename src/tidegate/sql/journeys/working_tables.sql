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

-- Steps as numbers, in an order in which nobody ever goes back; of all versions that are walked, and once more for
-- those who enter in this run. 0 is the end.
create or replace temp table nodes (
    node integer,
    version integer,
    step varchar
);

-- Everybody who goes at least a step in this run.
create or replace temp table walkers (
    instance bigint,
    person varchar,
    entry varchar,            -- as in the message's key
    entered_at timestamptz,
    context varchar,
    reached integer           -- how many steps before this run
);

-- Every step that somebody came to in this run.
create or replace temp table arrived (
    instance bigint,
    node integer,
    at timestamptz,
    turn varchar,
    came_from integer,        -- a node; null: from outside
    reached integer,          -- how many steps they have come to, this one included
    counted boolean           -- else they stood at it before, in an older version
);

-- Where those stay who came to a wait, or whose wait goes on in another way than before.
create or replace temp table rests (
    instance bigint,
    node integer,
    came_at timestamptz,
    waits_from timestamptz,   -- the time limit is counted from then
    deadline timestamptz,
    reached integer           -- how many steps they have come to
);

-- Whose walk ends in this run.
create or replace temp table endings (
    instance bigint,
    node integer,             -- where; null: wherever they stood
    reason varchar,           -- as `exit_reason`
    ended_at timestamptz
);

-- Those who have been through the journey and are not to get what of it still waits.
create or replace temp table withdrawn (
    instance bigint
);

create or replace temp table reached_goals (
    instance bigint,
    goal_at timestamptz
);

create or replace temp table new_assignments (
    experiment varchar,
    person varchar,
    arm varchar
);

-- Whoever enters in this run.
create or replace temp table newcomers (
    instance bigint,
    person varchar,
    entry_key varchar,
    rotation integer,
    entered_at timestamptz,
    context varchar
);

-- People who did something that may matter since they were asked last.
create or replace temp table fresh (
    person varchar
)
