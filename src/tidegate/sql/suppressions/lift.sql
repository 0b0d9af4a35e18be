-- The end of an address's suppressions. Returns a row for each.
--
-- tables: tidegate.suppressions
-- params: $channel, $address, $lifted_at

update tidegate.suppressions
set lifted_at = $lifted_at
where
    suppressions.channel = $channel
    and suppressions.lifted_at is null
    and suppressions.address_hash = tidegate.address_hash($channel, $address)
returning 1
