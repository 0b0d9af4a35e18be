-- Another day, so that whoever reads the reminder in the evening can still use it.
select
    customer_id,
    coupon,
    valid_until
from {{ ref('abandoned_cart_coupons') }}
where valid_until >= {{ as_of() }} + interval '1 day'
