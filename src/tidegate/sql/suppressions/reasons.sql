-- Why an address is suppressed now.
--
-- tables: tidegate.suppressions
-- params: $channel, $address

select distinct suppressions.reason
from tidegate.suppressions
where
    suppressions.channel = $channel
    and suppressions.lifted_at is null
    and suppressions.address_hash = tidegate.address_hash($channel, $address)
order by suppressions.reason
