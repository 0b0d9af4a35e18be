-- Who is known to be at a destination.
--
-- tables: tidegate.delivered
-- params: none

select delivered.identifiers
from tidegate.delivered
