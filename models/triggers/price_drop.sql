with

goods as (

    select
        *,
        invoiced_at_local::date as day
    from {{ ref('stg_invoice_lines') }}
    where
        customer_id is not null
        and unit_price > 0
        and is_product
        and not is_cancellation
        and invoiced_at_local >= {{ local(as_of()) }} - interval '180 days'

),

lately as (

    select
        stock_code,
        day,
        unit_price,
        quantity
    from goods
    where invoiced_at_local >= {{ local(as_of()) }} - interval '32 days'

),

-- Days that are over, so that an occurrence stays what it is when more is sold on its day.
sold as (

    select
        stock_code,
        day,
        max(unit_price) as price_now,
        min(quantity) as smallest_quantity
    from lately
    where
        day < ({{ local(as_of()) }})::date
        and day >= ({{ local(as_of()) }})::date - 3
    group by stock_code, day

),

-- The shop sells by the dozen and by the gross, cheaper a piece. Like is compared with like: with those who took as
-- many pieces or up to three times as many in the four weeks before. Had they all paid more, the price has dropped;
-- a bulk price beside a shelf price is no drop.
drops as (

    select
        sold.stock_code,
        sold.day,
        sold.price_now,
        min(lately.unit_price) as price_before
    from sold
    inner join lately
        on
            sold.stock_code = lately.stock_code
            and sold.day - 28 <= lately.day
            and sold.day > lately.day
            and sold.smallest_quantity <= lately.quantity
            and sold.smallest_quantity * 3 >= lately.quantity
    group by sold.stock_code, sold.day, sold.price_now
    having
        count(*) >= 3
        and sold.price_now <= 0.8 * min(lately.unit_price)

),

bought_dearer as (

    select
        goods.customer_id,
        drops.day,
        drops.stock_code,
        drops.price_now,
        drops.price_before,
        max(goods.product_name) as product_name,
        max(goods.day) as last_bought_on
    from goods
    inner join drops on goods.stock_code = drops.stock_code
    where
        goods.day < drops.day
        and goods.unit_price > drops.price_now
    group by goods.customer_id, drops.day, drops.stock_code, drops.price_now, drops.price_before

),

-- One message a day at most: the largest saving.
largest as (

    select *
    from bought_dearer
    qualify row_number() over (
        partition by customer_id, day
        order by price_now / price_before, stock_code
    ) = 1

)

select
    customer_id || ':' || stock_code || ':' || day as occurrence_id,
    customer_id,
    (day + 1)::timestamp at time zone 'Europe/London' as occurred_at,
    stock_code,
    product_name,
    price_before,
    price_now,
    round(100 - 100 * price_now / price_before)::integer as percent_off,
    last_bought_on
from largest
