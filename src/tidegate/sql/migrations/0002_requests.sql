-- What was asked of destinations and what they said, for whoever runs Tidegate. Bounded: the newest of each
-- destination, failures and others apart. No bodies, addresses or secrets. `made_at` is the wall clock.

create table tidegate.requests (
    destination varchar not null,
    run_id varchar not null,
    made_at timestamptz not null,
    method varchar not null,
    path varchar not null,
    status integer,                       -- null: no answer
    seconds double not null,
    rows bigint,                          -- of the call that the request was made for
    failed boolean not null,
    said varchar not null,                -- the platform's words, masked
    limits varchar not null,              -- its headers about rates
    times bigint not null                 -- how many requests this row stands for: successes in a flood are sampled
);

create table tidegate.requests_by_hour (
    destination varchar not null,
    hour timestamptz not null,
    requests bigint not null,
    failed bigint not null
);
