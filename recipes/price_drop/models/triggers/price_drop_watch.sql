with

prices as (

    select * from {{ ref('price_drop_watch_prices') }}

),

drops as (

    select
        prices.stock_code,
        prices.day,
        prices.product_name,
        prices.price as price_now,
        min(earlier.price) as price_before
    from prices
    inner join prices as earlier
        on
            prices.stock_code = earlier.stock_code
            and prices.day > earlier.day
            and prices.day - 28 <= earlier.day
    where prices.day >= ({{ local(as_of()) }})::date - 3
    group by prices.stock_code, prices.day, prices.product_name, prices.price
    having
        count(*) >= 3
        and prices.price <= 0.85 * min(earlier.price)

),

-- Whoever looked at it or bought it; looking is the fresher wish where somebody did both.
interests as (

    select
        events.customer_id,
        events.properties ->> 'stock_code' as stock_code,
        bool_or(events.name = 'product_viewed') as looked,
        max(events.occurred_at) as last_at
    from {{ ref('events') }} as events
    where
        (
            events.name = 'product_viewed'
            and events.occurred_at > {{ as_of() }} - interval '60 days'
        )
        or (
            events.name = 'item_bought'
            and events.occurred_at > {{ as_of() }} - interval '180 days'
        )
    group by events.customer_id, events.properties ->> 'stock_code'

)

select
    interests.customer_id || ':' || drops.stock_code || ':' || drops.day as occurrence_id,
    interests.customer_id,
    {{ local('(drops.day + 1)::timestamp') }} as occurred_at,
    drops.stock_code,
    drops.product_name,
    drops.price_before,
    drops.price_now,
    interests.looked
from drops
inner join interests
    on
        drops.stock_code = interests.stock_code
        and drops.day > interests.last_at::date
-- One thing a day for each person: rather what they looked at, then the largest saving.
qualify row_number() over (
    partition by interests.customer_id, drops.day
    order by interests.looked desc, drops.price_now / drops.price_before asc, drops.stock_code asc
) = 1
