-- Synthetic: the shop holds no workshops. Put your own table of registrations in its place.
with

orders as (

    select
        *,
        {{ synthetic_number('invoice_no', 'workshop', 3) }} = 0 as registers,
        {{ synthetic_number('invoice_no', 'workshop_day', 21) }} as days
    from {{ ref('orders') }}
    where not is_cancellation

)

select
    'R' || invoice_no as registration_id,
    customer_id,
    'Wreaths and ribbons' as workshop,
    '12 Harbour Lane, Bristol' as place,
    '14:00' as begins,
    invoiced_at as registered_at,
    -- the first Saturday so many days on
    invoiced_at::date + days + ((13 - dayofweek(invoiced_at::date + days)) % 7)::integer as starts_on
from orders
where registers
