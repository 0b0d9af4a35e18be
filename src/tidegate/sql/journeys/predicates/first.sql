-- The first moment at which it was true that somebody had done it: what they did before they were asked counts from
-- then on.
--
-- tables: pairs (instance, occurred_at, since, until)
-- params: none

select
    pairs.instance,
    min(greatest(pairs.occurred_at, pairs.since)) as happened_at
from pairs
where pairs.since <= pairs.until
group by pairs.instance
