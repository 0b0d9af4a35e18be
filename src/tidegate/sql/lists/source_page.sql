-- One page of the source rows.
--
-- tables: source_rows
-- params: $first, $last

select *
from source_rows
where source_rows.position between $first and $last
