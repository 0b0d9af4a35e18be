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
