-- The columns of a list.
--
-- tables: entry_list

select
    columns.column_name,
    columns.data_type
from duckdb_columns() as columns
where columns.table_name = 'entry_list' and columns.database_name = 'temp'
order by columns.column_index
