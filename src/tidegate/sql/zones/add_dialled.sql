-- The time zones of telephone numbers by how the numbers begin.
--
-- tables: given (prefix, zone), dialled

insert into dialled
select
    given.prefix,
    given.zone
from given
where given.zone in (select zones.name from pg_timezone_names() as zones)
