-- The columns of a relation, in order.
--
-- tables: duckdb_columns()
-- params: $database (null: the one in use), $schema, $relation (a table or view)

select
    column_name,
    data_type,
    is_nullable
from duckdb_columns()
where
    database_name = coalesce($database, current_database())
    and schema_name = $schema
    and table_name = $relation
order by column_index
