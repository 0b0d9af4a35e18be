-- Synthetic: the data has no positions. Whoever has the app is far from the shops early in the day, two kilometres from
-- one later and, one day in four, beside it, always at their own time. Put in its place what your app records of those
-- who allowed it to.
with

days as (

    select unnest(
        generate_series(({{ as_of() }})::date - 1, ({{ as_of() }})::date, interval '1 day')
    )::date as day

),

towns as (

    select
        latitude,
        longitude,
        row_number() over (order by shop) - 1 as town
    from {{ ref('nearby_shop_shops') }}

),

walks as (

    select
        people.customer_id,
        days.day,
        {{ synthetic_number("people.customer_id || ':' || days.day", 'town', 3) }} as town,
        {{ synthetic_number('people.customer_id', 'minute', 480) }} as minute,
        {{ synthetic_number("people.customer_id || ':' || days.day", 'errand', 4) }} = 0 as goes_in,
        {{ synthetic_number("people.customer_id || ':' || days.day", 'step', 100) }} - 50 as step
    from {{ ref('people') }} as people
    cross join days
    where people.push_token is not null

),

-- In degrees of latitude, each of 111 km: how far they are from the shop, how many minutes after midnight.
points as (

    select
        customer_id,
        day,
        town,
        60 as minute,
        0.3 as north
    from walks
    union all
    select
        customer_id,
        day,
        town,
        540 + minute as minute,
        0.02 as north
    from walks
    union all
    select
        customer_id,
        day,
        town,
        560 + minute as minute,
        step * 0.00005 as north
    from walks
    where goes_in

)

select
    points.customer_id,
    towns.longitude,
    towns.latitude + points.north as latitude,
    {{ local('(points.day::timestamp + to_minutes(points.minute))') }} as seen_at
from points
inner join towns on points.town = towns.town
where {{ local('(points.day::timestamp + to_minutes(points.minute))') }} <= {{ as_of() }}
