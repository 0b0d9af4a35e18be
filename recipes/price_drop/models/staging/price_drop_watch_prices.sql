-- The shop keeps no list of prices: they are read off what was paid for a handful of pieces on days that are over. Put
-- your own history of prices in its place.
select
    stock_code,
    invoiced_at_local::date as day,
    min(product_name) as product_name,
    max(unit_price) as price
from {{ ref('stg_invoice_lines') }}
where
    is_product
    and not is_cancellation
    and unit_price > 0
    -- who takes a dozen pays less a piece than who takes one
    and quantity between 1 and 5
    and invoiced_at_local >= ({{ local(as_of()) }})::date - 32
    and invoiced_at_local < ({{ local(as_of()) }})::date
group by stock_code, day
having count(*) >= 2
