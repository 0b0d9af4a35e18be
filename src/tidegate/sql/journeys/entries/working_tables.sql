-- What looking for people who enter works on: made anew for each journey, dropped with the session.

-- What each kind of entry finds.
create or replace temp table found (
    occurrence_id varchar,
    person varchar,
    occurred_at timestamptz,
    matched_at timestamptz,   -- since when they have been in the segment; null where there is none to leave
    context varchar,          -- JSON object: `entry`
    disposition varchar,      -- why they do not enter; null while they are welcome
    said varchar              -- of whoever is asked again: what was said last
);

create or replace temp table candidates (
    candidate bigint,         -- in the order in which things happened
    occurrence_id varchar,
    person varchar,
    entry_key varchar,        -- '' unless `again: per ...`
    rotation integer,         -- of whoever enters: how often the key has, this time included
    occurred_at timestamptz,
    context varchar,
    disposition varchar,
    matched_at timestamptz,
    said varchar
);

-- Whom a predicate is asked about, in the columns of `here`; `instance` is the candidate, negative.
create or replace temp table asked (
    instance bigint,
    person varchar,
    entered_at timestamptz,
    since timestamptz,
    at timestamptz,
    context varchar
);

-- Values of a watched column that are not what they were when last seen.
create or replace temp table new_watched (
    person varchar,
    value varchar,
    before varchar,
    first_sight boolean
);

-- Dates that are due about now, wherever the person lives.
create or replace temp table due_soon (
    person varchar,
    context varchar,
    value varchar,            -- as written
    day timestamp,            -- of a column that is a date,
    moment timestamptz,       -- else this
    years integer             -- after it
);

-- The same, by the clock where each person lives.
create or replace temp table due_walls (
    person varchar,
    context varchar,
    value varchar,            -- the date that is meant; of a yearly one that of its year
    zone varchar,
    wall timestamp,           -- null where it is a moment
    moment timestamptz
);

-- Whose walk ends in this run.
create or replace temp table walk_ends (
    instance bigint,
    ended_at timestamptz
);

-- Why people are there: kept until what was found is recorded.
create or replace temp table entry_cause (
    cause varchar
)
