with

ranked as (

    select
        *,
        percent_rank() over (order by spend_365d desc) as share_that_spent_more
    from {{ ref('customers') }}
    where orders_365d > 0

)

select
    customer_id,
    spend_365d,
    orders_365d,
    first_order_at,
    last_product
from ranked
where
    share_that_spent_more < 0.1
    and orders_365d >= 3
