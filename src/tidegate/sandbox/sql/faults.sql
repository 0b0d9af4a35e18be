-- name: all
select id, connector, fault, left_over, to_skip, seen from faults order by id;

-- name: add
insert into faults (connector, fault, left_over, to_skip) values (:connector, :fault, :times, :skip);

-- name: pass
update faults set to_skip = to_skip - 1 where id = :id and to_skip > 0;

-- name: spend
update faults set left_over = left_over - 1 where id = :id and left_over > 0;

-- name: remove_spent
delete from faults where left_over = 0;

-- name: count_rows
update faults set seen = seen + :rows where id = :id returning seen;

-- name: clear
delete from faults where :connector is null or connector = :connector;
