-- Whether a relation is a view.
--
-- params: $catalog, $schema, $name

select 1
from information_schema.tables
where
    tables.table_type = 'VIEW'
    and tables.table_schema = $schema
    and tables.table_name = $name
    and tables.table_catalog = coalesce($catalog, current_database())
