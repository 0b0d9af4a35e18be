-- Whether anybody was ever erased.
--
-- tables: tidegate.suppressions
-- params: none

select 1
from tidegate.suppressions
where suppressions.channel = 'person' and suppressions.reason = 'erased' and suppressions.lifted_at is null
limit 1
