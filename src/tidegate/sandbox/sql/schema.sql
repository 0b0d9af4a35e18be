-- The sandbox's store. Times are UTC in ISO 8601; `day` is the date on the run's clock.

create table clock (
    one integer primary key check (one = 1),
    at text not null
);

-- What a run may tell about an address, a number or a hash: whose it is.
create table labels (
    identifier text primary key collate nocase,
    person text not null collate nocase
) without rowid;

create index labels_by_person on labels (person);

create table messages (
    id integer primary key,
    channel text not null,
    account text not null,
    provider_id text not null,
    sender text not null,
    recipient text not null collate nocase,
    subject text not null,
    preview text not null,
    size integer not null,
    clock_at text not null,
    day text not null,
    received_at text not null
);

create index messages_by_day on messages (day, channel);
create index messages_by_channel on messages (channel);
create index messages_by_recipient on messages (recipient);
create index messages_by_provider_id on messages (provider_id);

-- As they came over the wire; apart, so that browsing 50,000 messages does not read their bodies.
create table bodies (
    message integer primary key references messages (id) on delete cascade,
    raw blob not null
);

create virtual table words using fts5 (
    recipient, sender, subject, text, content = '', tokenize = 'unicode61 remove_diacritics 2'
);

create table lists (
    id text primary key,
    connector text not null,
    account text not null,
    name text not null,
    details text not null,
    created_at text not null
);

create table members (
    id integer primary key,
    list text not null references lists (id) on delete cascade,
    identifiers text not null,
    day text not null,
    received_at text not null
);

create index members_by_list on members (list);

create table identifiers (
    list text not null,
    kind text not null,
    value text not null,
    member integer not null references members (id) on delete cascade,
    primary key (list, kind, value, member)
) without rowid;

create index identifiers_by_member on identifiers (member);
create index identifiers_by_value on identifiers (value);

create table changes (
    id integer primary key,
    list text not null references lists (id) on delete cascade,
    operation text not null,
    identifiers text not null,
    day text not null,
    received_at text not null
);

create index changes_by_list on changes (list, day, operation);

-- Which changes an identifier was part of.
create table changed (
    value text not null,
    change integer not null references changes (id) on delete cascade,
    primary key (value, change)
) without rowid;

create index changed_by_change on changed (change);

create table webhooks (
    id integer primary key,
    destination text not null,
    webhook_id text not null,
    type text not null,
    body text not null,
    headers text not null,
    clock_at text not null,
    day text not null,
    received_at text not null
);

create index webhooks_by_webhook_id on webhooks (webhook_id);
create index webhooks_by_day on webhooks (day);

create table calls (
    id integer primary key,
    connector text not null,
    operation text not null,
    status integer not null,
    offered integer not null,
    accepted integer not null,
    fault text not null,
    clock_at text not null,
    received_at text not null
);

create table faults (
    id integer primary key,
    connector text not null,
    fault text not null,
    left_over integer,
    to_skip integer not null,
    seen integer not null default 0
);
