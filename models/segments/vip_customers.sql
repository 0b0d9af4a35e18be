select
    customer_id,
    spend as lifetime_value,
    spend_365d,
    orders_365d,
    first_order_at,
    case when spend_365d >= 10000 then 'gold' else 'silver' end as tier
from {{ ref('customers') }}
where spend_365d >= 2000
