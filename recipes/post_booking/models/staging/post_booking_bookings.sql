-- Synthetic: the shop lets no rooms. Put your own table of bookings in its place.
with

orders as (

    select
        *,
        {{ synthetic_number('invoice_no', 'booking', 3) }} = 0 as books,
        invoiced_at::date + 1 + {{ synthetic_number('invoice_no', 'stay', 20) }} as arrives_on,
        1 + {{ synthetic_number('invoice_no', 'nights', 4) }} as nights
    from {{ ref('orders') }}
    where not is_cancellation

)

select
    'B' || invoice_no as booking_id,
    customer_id,
    'The Potting Shed' as room,
    invoiced_at as booked_at,
    arrives_on,
    arrives_on + nights as leaves_on,
    nights
from orders
where books
