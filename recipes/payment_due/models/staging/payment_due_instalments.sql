-- Synthetic: the shop has no instalments. Put your own table of what is due in its place.
with

orders as (

    select * from {{ ref('orders') }}
    where
        not is_cancellation
        and amount >= 500

),

numbers (number) as (

    values (1), (2), (3)

)

select
    orders.invoice_no || ':' || numbers.number as instalment_id,
    orders.customer_id,
    orders.invoice_no,
    numbers.number,
    3 as instalments,
    (orders.amount / 3)::decimal(12, 2) as amount,
    orders.invoiced_at::date + 30 * numbers.number as due_on
from orders
cross join numbers
