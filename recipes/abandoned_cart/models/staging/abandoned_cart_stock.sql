-- Synthetic: of the products sold in the last 90 days nine in ten can be had. Replace by the stock of your shop.
with

products as (

    select distinct stock_code as product_id
    from {{ ref('stg_invoice_lines') }}
    where
        is_product
        and invoiced_at > {{ as_of() }} - interval '90 days'

)

select product_id
from products
where {{ synthetic_number('product_id', 'stock', 10) }} > 0
