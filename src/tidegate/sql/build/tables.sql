-- The columns of every table and view outside the schemas that a build or Tidegate itself makes.
--
-- params: $schema

select
    table_schema,
    table_name,
    column_name,
    data_type
from information_schema.columns
where
    table_catalog = current_database()
    and table_schema not in ($schema, 'tidegate', 'information_schema', 'pg_catalog')
order by table_schema, table_name, ordinal_position
