with

last_orders as (

    select
        customer_id,
        max(invoiced_at) as last_order_at
    from {{ ref('orders') }}
    where not is_cancellation
    group by customer_id

)

select
    requests.customer_id,
    requests.requested_at
from {{ ref('lead_nurturing_requests') }} as requests
left join last_orders on requests.customer_id = last_orders.customer_id
where
    requests.requested_at > {{ as_of() }} - interval '30 days'
    and (last_orders.last_order_at is null or last_orders.last_order_at < requests.requested_at)
