select
    customer_id,
    spend_365d,
    last_order_at,
    last_product
from {{ ref('customers') }}
where
    spend_365d >= 1500
    and last_order_at < {{ as_of() }} - interval '60 days'
    and last_order_at >= {{ as_of() }} - interval '90 days'
