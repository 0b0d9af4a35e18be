with

-- Several orders of a thing on one day are one purchase.
bought as (

    select
        customer_id,
        properties ->> 'stock_code' as stock_code,
        occurred_at::date as bought_on,
        max(properties ->> 'product_name') as product_name
    from {{ ref('events') }}
    where name = 'item_bought'
    group by customer_id, stock_code, bought_on

),

spaced as (

    select
        *,
        bought_on - lag(bought_on) over (partition by customer_id, stock_code order by bought_on) as days
    from bought

),

of_person as (

    select
        customer_id,
        stock_code,
        max(bought_on) as last_bought_on,
        arg_max(product_name, bought_on) as product_name,
        count(days) as intervals,
        median(days) as days
    from spaced
    group by customer_id, stock_code

),

-- What is bought again by every second person who buys it: people run out of it.
of_product as (

    select
        stock_code,
        median(days) as days
    from spaced
    group by stock_code
    having
        count(days) >= 20
        and count(distinct customer_id) filter (where days is not null) * 2 >= count(distinct customer_id)

),

expected as (

    select
        of_person.customer_id,
        of_person.stock_code,
        of_person.product_name,
        of_person.last_bought_on,
        of_person.intervals >= 2 as is_own_interval,
        round(case when of_person.intervals >= 2 then of_person.days else of_product.days end)::integer as every_days
    from of_person
    left join of_product on of_person.stock_code = of_product.stock_code

)

select
    customer_id,
    stock_code,
    product_name,
    last_bought_on,
    is_own_interval,
    every_days,
    last_bought_on + every_days as due_on
from expected
where
    every_days between 7 and 180
    and last_bought_on + every_days between ({{ as_of() }})::date - 7 and ({{ as_of() }})::date + 14
-- One thing a day for each person: rather what we know from themselves, and what they need most often.
qualify row_number() over (
    partition by customer_id, last_bought_on + every_days
    order by is_own_interval desc, every_days asc, stock_code asc
) = 1
