-- Whether a raw table is there.
--
-- params: $schema, $name

select 1
from information_schema.tables
where tables.table_schema = $schema and tables.table_name = $name
