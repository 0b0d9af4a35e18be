-- How many events there are up to a moment, and a number that is another one where they are others.
--
-- tables: happened (person, occurred_at)
-- params: $until

select
    count(*) as events,
    cast(coalesce(bit_xor(hash(happened.person, happened.occurred_at)), 0) as varchar) as digest
from happened
where happened.occurred_at <= $until
