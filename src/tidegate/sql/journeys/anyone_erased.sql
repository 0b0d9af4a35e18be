-- Whether anybody was erased since.
--
-- tables: tidegate.suppressions
-- params: $since (the wall's clock; null is ever)

select 1
from tidegate.suppressions
where
    suppressions.channel = 'person'
    and suppressions.reason = 'erased'
    and suppressions.lifted_at is null
    and ($since is null or suppressions.recorded_at >= $since)
limit 1
