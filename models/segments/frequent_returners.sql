select
    customer_id,
    cancellations_365d,
    orders_365d
from {{ ref('customers') }}
where
    cancellations_365d >= 3
    and cancellations_365d * 3 >= orders_365d
