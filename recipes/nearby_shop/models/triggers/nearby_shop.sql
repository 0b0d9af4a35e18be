with

positions as (

    select * from {{ ref('nearby_shop_positions') }}

),

sightings as (

    select
        positions.customer_id,
        positions.seen_at,
        shops.shop,
        shops.address,
        {{ within_km(
            'positions.latitude', 'positions.longitude', ['shops.latitude', 'shops.longitude'], km='shops.km'
        ) }} as is_near
    from positions
    cross join {{ ref('nearby_shop_shops') }} as shops

),

compared as (

    select
        *,
        lag(is_near) over (partition by customer_id, shop order by seen_at) as was_near
    from sightings

)

select
    customer_id || ':' || shop || ':' || epoch_ms(seen_at) as occurrence_id,
    customer_id,
    seen_at as occurred_at,
    shop,
    address
from compared
where
    is_near
    -- whoever is seen for the first time may have been there all day
    and not was_near
