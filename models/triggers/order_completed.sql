select
    invoice_no as occurrence_id,
    customer_id,
    invoiced_at as occurred_at,
    invoice_no,
    amount as value,
    pieces,
    main_product,
    order_number
from {{ ref('orders') }}
where
    not is_cancellation
    and invoiced_at > {{ as_of() }} - interval '7 days'
