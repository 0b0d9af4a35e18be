-- Journeys: who walks through which, where they stand, how they got there, and what the steps left behind.

create table tidegate.journey_versions (
    journey varchar not null,
    version integer not null,
    hash varchar not null,                -- of what the file means, its formatting left aside
    source varchar not null,              -- the file as it was: those inside may finish what they began
    first_run varchar not null,
    published_at timestamptz not null     -- the run's clock
);

-- Where everybody is now; how they got there is in `steps`.
create table tidegate.instances (
    instance bigint not null,             -- a number of its own in this warehouse
    journey varchar not null,
    person varchar not null,
    entry_key varchar not null,           -- '' unless `again: per ...`: then that column's value
    rotation integer not null,            -- how often this key has entered, from 1
    version integer not null,
    status varchar not null,              -- active, ended
    step varchar,                         -- where they stand, or stood last
    entered_at timestamptz not null,      -- what made them enter happened then
    step_entered_at timestamptz,
    deadline timestamptz,                 -- of the wait they stand in
    context varchar not null,             -- JSON object: `entry`, as it was when they entered
    -- completed, goal, rule, segment_left, erased, stopped, migrated, expired
    exit_reason varchar,
    ended_at timestamptz,
    goal_at timestamptz,                  -- when they did what the journey is for; maybe after its end
    entered_run varchar not null,
    moved_run varchar not null,           -- the last run that moved them
    waits_from timestamptz,               -- the wait's time is counted from then: entry, a reset, a message's sending
    reached integer default 0             -- how many steps they have come to
);

create table tidegate.steps (
    instance bigint not null,
    journey varchar not null,
    person varchar not null,
    step varchar not null,
    reached_at timestamptz not null,
    turn varchar,                         -- how they came: then, else, the arm of a split, an outcome, timed_out, ...
    number integer not null,              -- of the steps of this instance, from 1
    run_id varchar not null
);

-- Traits and tags that journeys set: of a person's rows of a kind and name the latest counts, and of journeys that
-- set one in the same run that whose name comes last.
create table tidegate.traits (
    person varchar not null,
    name varchar not null,
    kind varchar not null,                -- trait, tag
    value varchar,                        -- of a trait: JSON; of a tag: null once it was taken off
    set_at timestamptz not null,          -- the run's clock
    journey varchar not null,
    step varchar not null,
    instance bigint not null,
    run_id varchar not null
);

-- Events that journeys emit, for models to read beside what people did.
create table tidegate.emitted (
    event_id varchar not null,
    person varchar not null,
    name varchar not null,
    occurred_at timestamptz not null,     -- the person's own time
    properties varchar not null,          -- JSON object
    journey varchar not null,
    step varchar not null,
    emitted_at timestamptz not null,      -- the run's clock
    run_id varchar not null
);

-- Who journeys want on a list; a removal, by whichever journey, closes the rows of a person there.
create table tidegate.list_members (
    destination varchar not null,
    list varchar not null,
    person varchar not null,
    journey varchar not null,
    step varchar not null,
    added_at timestamptz not null,
    added_run varchar not null,
    removed_at timestamptz,
    removed_run varchar
);

-- What a webhook answered, for later steps.
create table tidegate.answers (
    message_key varchar not null,
    answered_at timestamptz not null,     -- the run's clock
    body varchar                          -- JSON, as answered; null where it was none
);

-- A person's word on those who wait at a step for approval.
create table tidegate.step_approvals (
    journey varchar not null,
    step varchar not null,
    instance bigint not null,             -- of somebody who stood there
    person varchar not null,
    decision varchar not null,            -- approve, reject
    why varchar,
    who varchar,
    decided_at timestamptz not null,      -- the clock of the last run
    recorded_at timestamptz not null      -- the wall's: of several words on somebody the last counts
);

-- The value of a watched column when it was last seen.
create table tidegate.watched (
    journey varchar not null,
    person varchar not null,
    value varchar
);

-- What a run saw of the events that a version of a journey asks about: whoever did nothing since need not be asked
-- again. A row without a name says that the version was walked.
create table tidegate.events_seen (
    run_id varchar not null,
    journey varchar not null,
    version integer not null,
    name varchar not null,
    events bigint not null,               -- up to the run's clock
    digest varchar not null               -- another one where the events are others
);

-- What a run made of a journey; `audience_runs` is the same of an audience.
create table tidegate.journey_runs (
    run_id varchar not null,
    journey varchar not null,
    version integer,
    sql_hash varchar,                     -- of the model that people enter by
    cause varchar,                        -- data, definition, baseline
    verdict varchar not null,             -- applied, approved, blocked, contract, failed, draft
    reason varchar,
    entered bigint not null,
    refused bigint not null,
    moved bigint not null,                -- instances that went at least a step
    ended bigint not null,
    inside bigint not null,
    planned bigint not null,
    withheld bigint not null,
    messages bigint default 0,            -- that its walks would plan
    kind varchar                          -- what people enter by
);

alter table tidegate.outbox add column instance bigint;        -- of a journey's message
alter table tidegate.outbox add column answers boolean default false;  -- whether the answer is kept
