-- The greatest number of an instance.
--
-- tables: tidegate.instances
-- params: none

select coalesce(max(instances.instance), 0)
from tidegate.instances
