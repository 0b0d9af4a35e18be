select
    customer_id,
    last_order_at,
    last_product
from {{ ref('customers') }}
where last_order_at < {{ as_of() }} - interval '90 days'
