-- Synthetic: one customer in four has a coupon, which ends some day of this month. Replace by the coupons of your shop,
-- without those that were used.
select
    customer_id,
    'BACK-' || upper(left(md5('coupon' || customer_id), 6)) as coupon,
    date_trunc('month', {{ as_of() }})
    + to_days({{ synthetic_number('customer_id', 'coupon_ends', 28) }}) as valid_until
from {{ ref('people') }}
where {{ synthetic_number('customer_id', 'has_coupon', 4) }} = 0
