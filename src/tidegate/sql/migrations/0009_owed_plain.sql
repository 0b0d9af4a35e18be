-- What is owed is gone as soon as it is accepted: to compress its hashes took half of the time to write it down.
-- (sqlfluff does not know `using compression`.)

alter table tidegate.owed rename to owed_before;

create table tidegate.owed ( -- noqa: PRS
    destination varchar not null,
    list varchar not null,
    person varchar not null using compression uncompressed,
    operation varchar not null,           -- add, update, leave (an upsert of on_leave's values), remove
    identity varchar not null using compression uncompressed,
    identifiers varchar not null using compression uncompressed,
    traits varchar not null using compression uncompressed,
    fingerprint ubigint,
    state varchar not null,               -- due, claimed, submitted, refused, held (its list is blocked)
    in_doubt boolean not null,            -- the destination may have done it
    reason varchar,
    detail varchar,
    attempts integer not null,
    next_try timestamptz not null,
    claim varchar,
    run_id varchar not null,
    job varchar,                          -- of rows that are `submitted`
    job_position bigint,                  -- among the rows of its job
    submitted_at timestamptz              -- wall clock
);

insert into tidegate.owed by name
select * from tidegate.owed_before;

drop table tidegate.owed_before;
