select
    customers.customer_id,
    customers.last_order_at,
    customers.last_product,
    customers.orders
from {{ ref('customers') }} as customers
left join {{ ref('reactivation_sunset') }} as reactivation_sunset
    on customers.customer_id = reactivation_sunset.customer_id
where
    customers.orders >= 2
    and customers.last_order_at <= {{ as_of() }} - interval '120 days'
    and customers.last_order_at > {{ as_of() }} - interval '365 days'
    and reactivation_sunset.customer_id is null
