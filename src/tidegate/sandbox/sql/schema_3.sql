-- What came with the third version of the store: what people did with messages, for a run to land.

-- When the clock was set, on the wall: a clock that is far from it is not the day's.
alter table clock add column set_at text;

-- `due_at`: it is not told before the run's clock is there; null: at once. `written`: it is in a file.
create table feedback (
    number integer primary key,
    event_id text not null unique,
    message integer not null references messages (id) on delete cascade,
    kind text not null,
    happened_at text not null,
    due_at text,
    permanent integer,
    topic text,
    url text,
    detail text,
    written integer not null default 0
);

create index feedback_by_message on feedback (message);
create index feedback_to_write on feedback (due_at) where written = 0;

-- How people behave by themselves, by channel; '' is any other. `rule` is JSON.
create table behaviour (
    channel text primary key,
    rule text not null
) without rowid;

-- What the page's forms are signed with.
create table secret (
    one integer primary key check (one = 1),
    value text not null
);
