select
    invoice_no as occurrence_id,
    customer_id,
    invoiced_at as occurred_at,
    invoice_no,
    amount as value,
    main_product
from {{ ref('orders') }}
where
    order_number = 1
    and invoiced_at > {{ as_of() }} - interval '7 days'
