-- The first moment at which it was true that somebody had done it so often, where there is a $width all within that
-- time.
--
-- tables: pairs (instance, occurred_at, since, until)
-- params: $others (how often but for the last time), $width

with

counted as (

    select
        pairs.instance,
        pairs.until,
        greatest(pairs.occurred_at, pairs.since) as happened_at,
        lag(pairs.occurred_at, $others) over (partition by pairs.instance order by pairs.occurred_at) as began_at
    from pairs

)

select
    counted.instance,
    min(counted.happened_at) as happened_at
from counted
where
    counted.happened_at <= counted.until
    and counted.began_at > coalesce(counted.happened_at - cast($width as interval), cast('-infinity' as timestamptz))
group by counted.instance
