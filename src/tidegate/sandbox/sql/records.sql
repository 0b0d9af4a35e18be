-- name: one
select number, id, fields, day, received_at
from records
where connector = :connector and kind = :kind and id = :id;

-- name: put
insert into records (connector, kind, id, fields, day, received_at)
values (:connector, :kind, :id, :fields, substr(coalesce((select at from clock), :now), 1, 10), :now)
on conflict (connector, kind, id) do update set fields = excluded.fields, day = excluded.day
returning number;

-- name: drop
delete from records where connector = :connector and kind = :kind and id = :id;

-- name: all
select id, fields from records where connector = :connector and kind = :kind order by number;

-- name: forget_values
delete from record_values where record = :number;

-- name: add_value
insert or ignore into record_values (connector, kind, name, value, record)
values (:connector, :kind, :name, :value, :number);

-- name: holding
-- Records of a kind with this value in this field, oldest first.
select records.id, records.fields
from record_values
inner join records on record_values.record = records.number
where
    record_values.connector = :connector
    and record_values.kind = :kind
    and record_values.name = :name
    and record_values.value = :value
order by records.number;

-- name: add_change
insert into record_changes (connector, kind, record, operation, fields, day, received_at)
values (
    :connector, :kind, :id, :operation, :fields, substr(coalesce((select at from clock), :now), 1, 10), :now
);

-- name: number
insert into numbers (connector, last) values (:connector, 1)
on conflict (connector) do update set last = last + 1
returning last;

-- name: kinds
-- What is held of every kind that is not a platform's own bookkeeping, and when it last changed.
select
    records.connector, records.kind, count(*) as records,
    (
        select max(record_changes.day)
        from record_changes
        where record_changes.connector = records.connector and record_changes.kind = records.kind
    ) as last_change
from records
where records.kind not like '\_%' escape '\'
group by records.connector, records.kind
order by records.connector, records.kind;

-- name: page
-- Records of a kind, newest first, before the one numbered :before; with :text, those with a value that begins so,
-- or that belongs to the person :text (given by name, or by another of their addresses).
select records.number, records.id, records.fields, records.day, records.received_at
from records
where
    records.connector = :connector
    and records.kind = :kind
    and records.number < :before
    and (
        :text is null
        or records.id = :text
        or records.number in (
            select record_values.record
            from record_values
            where
                record_values.connector = :connector
                and record_values.kind = :kind
                and (
                    record_values.value like :prefix escape '\'
                    or record_values.value in (
                        select json_quote(labels.identifier)
                        from labels
                        where labels.person in (
                            select :text
                            union
                            select named.person from labels as named where named.identifier = :text
                        )
                    )
                )
        )
        or (
            records.id like '%@%'
            and (
                records.id like substr(:prefix, 2) escape '\'
                or records.id in (select labels.identifier from labels where labels.person = :text)
            )
        )
    )
order by records.number desc
limit :count;

-- name: held
select count(*) as records from records where connector = :connector and kind = :kind;

-- name: whose
-- The person that a record is about, as far as one of its values is known to be theirs, or an address that it is
-- filed under.
select labels.person
from record_values
inner join labels on record_values.value = json_quote(labels.identifier)
where record_values.record = :number
union all
select labels.person
from records
inner join labels on records.id = labels.identifier
where records.number = :number and records.id like '%@%'
limit 1;

-- name: days
select day, operation, count(*) as changes
from record_changes
where connector = :connector and kind = :kind
group by day, operation
order by day, operation;

-- name: changes_of_day
select id, record, operation, fields, day, received_at
from record_changes
where connector = :connector and kind = :kind and day = :day and id < :before
order by id desc
limit :count;

-- name: history
-- What became of one record, newest first.
select id, record, operation, fields, day, received_at
from record_changes
where connector = :connector and kind = :kind and record = :id
order by id desc
limit 200;

-- name: of_person
-- The records that hold an address of a person, or are filed under one.
with

theirs as (

    select record_values.record as number
    from labels
    inner join record_values on record_values.value = json_quote(labels.identifier)
    where labels.person = :person
    union
    select records.number
    from labels
    inner join records on records.id = labels.identifier
    where labels.person = :person and records.id like '%@%'

)

select connector, kind, id, day
from records
where number in (select theirs.number from theirs) and kind not like '\_%' escape '\'
order by connector, kind, number;

-- name: unanswered
-- Calls to platforms that the sandbox does not play.
select connector, operation, count(*) as calls, max(received_at) as last
from calls
where status = 501
group by connector, operation
order by connector, operation;
