-- What the end of a wait is worked out on: for one step, until the next is asked about.

create or replace temp table slot_times (
    opens integer,            -- minutes of a week that begins on Monday, by the clock on the wall
    closes integer
);

create or replace temp table begun (
    instance bigint,
    at timestamptz,           -- they begin to wait
    zone varchar,
    minute bigint             -- of that moment, since 1970
);

create or replace temp table clocks (
    zone varchar,
    minute bigint,
    wall timestamp            -- what the clock on the wall shows there and then
);

create or replace temp table walls (
    zone varchar,
    wall timestamp            -- a local time whose moment is asked for
);

create or replace temp table instants (
    zone varchar,
    wall timestamp,
    moment timestamptz,       -- the first at which the clock shows it; the first after, where it never does
    again timestamptz         -- the second, on the day that the clock is put back
);

create or replace temp table aims (
    instance bigint,
    zone varchar,
    wall timestamp,           -- a local time to wait for; null where `moment` says it
    moment timestamptz
);

create or replace temp table own_hours (
    instance bigint,
    hour integer
);

create or replace temp table best_hours (
    instance bigint,
    at timestamptz,           -- as in `begun`
    zone varchar,
    minute bigint,
    hour integer
);

-- What is usual among the project's people, for those who did nothing: once in a run.
create temp table if not exists usual_hours (
    run_id varchar,
    journey varchar,          -- whose goal tells what is a purchase
    hour integer
);

create or replace temp table wait_ends (
    instance bigint,
    deadline timestamptz,
    past boolean              -- it was over before it began
)
