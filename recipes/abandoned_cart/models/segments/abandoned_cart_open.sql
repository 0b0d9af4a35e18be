select distinct customer_id
from {{ ref('abandoned_cart_items') }}
