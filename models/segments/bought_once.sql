select
    customer_id,
    first_order_at,
    last_product as first_product
from {{ ref('customers') }}
where
    orders = 1
    and first_order_at < {{ as_of() }} - interval '30 days'
