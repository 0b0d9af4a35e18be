with

orders as (

    select
        *,
        invoiced_at > {{ as_of() }} - interval '365 days' as is_recent
    from {{ ref('orders') }}

),

totals as (

    select
        customer_id,
        min(invoiced_at) filter (where not is_cancellation) as first_order_at,
        max(invoiced_at) filter (where not is_cancellation) as last_order_at,
        count(*) filter (where not is_cancellation) as orders,
        count(*) filter (where not is_cancellation and is_recent) as orders_365d,
        count(*) filter (where is_cancellation and is_recent) as cancellations_365d,
        sum(amount)::decimal(12, 2) as spend,
        coalesce(sum(amount) filter (where is_recent), 0)::decimal(12, 2) as spend_365d,
        arg_max(main_product, (invoiced_at, invoice_no)) filter (where not is_cancellation) as last_product
    from orders
    group by customer_id

)

select *
from totals
where orders > 0
