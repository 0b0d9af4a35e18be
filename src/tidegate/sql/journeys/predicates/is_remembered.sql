-- Whether a table was made for this decision.
--
-- tables: remembered
-- params: $name

select remembered.name
from remembered
where remembered.name = $name
