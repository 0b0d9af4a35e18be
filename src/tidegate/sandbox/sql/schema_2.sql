-- What came with the second version of the store: objects of any kind, and messages of any connector.

alter table messages add column connector text not null default '';
alter table messages add column key text not null default '';
-- What a message carries beside its text, as JSON: a link, a picture, a template's parameters.
alter table messages add column details text not null default '{}';

create index messages_by_key on messages (connector, key);

-- One row per object of a platform: a contact, a row of a table, a job. `fields` is JSON.
create table records (
    number integer primary key,
    connector text not null,
    kind text not null,
    id text not null,
    fields text not null,
    day text not null,
    received_at text not null,
    unique (connector, kind, id)
);

-- The short values of records, so that they can be looked for. `value` is JSON.
create table record_values (
    connector text not null,
    kind text not null,
    name text not null,
    value text not null,
    record integer not null references records (number) on delete cascade,
    primary key (connector, kind, name, value, record)
) without rowid;

create index record_values_by_record on record_values (record);
create index record_values_by_value on record_values (value);

create table record_changes (
    id integer primary key,
    connector text not null,
    kind text not null,
    record text not null,
    operation text not null,
    fields text not null,
    day text not null,
    received_at text not null
);

create index record_changes_by_kind on record_changes (connector, kind, day);

-- The last number that a platform gave away.
create table numbers (
    connector text primary key,
    last integer not null
) without rowid;
