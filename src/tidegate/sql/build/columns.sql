-- The columns of the relations in a schema, in their order.
--
-- params: $catalog, $schema

select
    table_name,
    column_name,
    data_type
from information_schema.columns
where
    table_catalog = $catalog
    and table_schema = $schema
order by table_name, ordinal_position
