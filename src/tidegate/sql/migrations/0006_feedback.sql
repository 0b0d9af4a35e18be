-- How far files of feedback and consents were read, what of them was refused, and what is to be acted on yet.

alter table tidegate.feedback add column address_hash varchar;  -- keyed; of an event that names its address
alter table tidegate.feedback add column applied_run varchar;   -- whose decision took it into account; null: none yet

alter table tidegate.consents alter column person drop not null; -- null: whose address it is, nobody knows (yet)
alter table tidegate.consents add column address_hash varchar;

create table tidegate.line_files (
    source varchar not null,              -- feedback, consents
    file varchar not null,
    bytes bigint not null,                -- read so far: whole lines
    lines bigint not null,
    sha256 varchar not null,              -- of what was read so far
    size bigint not null,                 -- of the file, when it was looked at last
    modified timestamptz not null,
    unfinished boolean not null,          -- it ended in the middle of a line
    run_id varchar not null,
    looked_at timestamptz not null
);

create table tidegate.refused_lines (
    source varchar not null,
    file varchar not null,
    line bigint,                          -- null: the whole file
    reason varchar not null,
    aside varchar,                        -- the file that keeps the line; once it is gone the line is dealt with
    run_id varchar not null,
    refused_at timestamptz not null
);
