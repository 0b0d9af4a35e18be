select
    booking_id as occurrence_id,
    customer_id,
    booked_at as occurred_at,
    booking_id,
    room,
    arrives_on,
    leaves_on,
    nights,
    arrives_on - booked_at::date as days_ahead
from {{ ref('post_booking_bookings') }}
where
    booked_at > {{ as_of() }} - interval '7 days'
    and booked_at <= {{ as_of() }}
