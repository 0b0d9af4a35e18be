select
    invoice_no as occurrence_id,
    customer_id,
    invoiced_at as occurred_at,
    invoice_no as return_id,
    -amount as value,
    main_product
from {{ ref('orders') }}
where
    is_cancellation
    -- less than this is a correction of a few pence or pieces, not somebody who was disappointed
    and amount <= -5
    and invoiced_at > {{ as_of() }} - interval '7 days'
