-- The shop has no levels of stock: a product that sold on most days and then for two weeks to nobody was sold out. Put
-- your own history of the stock in its place.
with

days as (

    select
        stock_code,
        invoiced_at_local::date as day,
        min(product_name) as product_name,
        min(invoiced_at) as first_sold_at
    from {{ ref('stg_invoice_lines') }}
    where
        is_product
        and not is_cancellation
        and unit_price > 0
        and quantity > 0
        and invoiced_at_local >= ({{ local(as_of()) }})::date - 120
    group by stock_code, day

),

gaps as (

    select
        *,
        lag(day) over (partition by stock_code order by day) as last_day_before,
        count(*) over (partition by stock_code order by day range between 60 preceding and 1 preceding) as days_sold
    from days

)

select
    stock_code,
    product_name,
    last_day_before as out_since,
    first_sold_at as back_at
from gaps
where
    day - last_day_before >= 14
    and days_sold >= 10
    and first_sold_at > {{ as_of() }} - interval '7 days'
