select
    customer_id,
    spend_365d,
    orders_365d,
    first_order_at
from {{ ref('customers') }}
where spend_365d >= 2000
