-- The columns of a relation, in order. Without a database, the one that is in use.
--
-- tables: duckdb_columns()
-- params: $1 database or null, $2 schema, $3 table or view

select
    column_name,
    data_type,
    is_nullable
from duckdb_columns()
where
    database_name = coalesce($1, current_database())
    and schema_name = $2
    and table_name = $3
order by column_index
