-- How many events there are up to a moment, and a number that is another one where they are others.
--
-- tables: happened (occurred_at, digest)
-- params: $until

select
    count(*) as events,
    cast(coalesce(bit_xor(happened.digest), 0) as varchar) as digest
from happened
where happened.occurred_at <= $until
