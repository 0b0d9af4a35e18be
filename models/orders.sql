with

goods as (

    select * from {{ ref('stg_invoice_lines') }}
    where
        customer_id is not null
        and unit_price > 0
        and is_product

),

invoices as (

    select
        invoice_no,
        customer_id,
        is_cancellation,
        -- the earlier one: 43 invoices were written over two minutes
        min(invoiced_at_local) as invoiced_at_local,
        sum(quantity) as pieces,
        sum(amount) as amount,
        arg_max(product_name, (abs(amount), stock_code)) as main_product
    from goods
    group by invoice_no, customer_id, is_cancellation

)

select
    invoice_no,
    customer_id,
    is_cancellation,
    pieces,
    main_product,
    amount::decimal(12, 2) as amount,
    {{ local('invoiced_at_local') }} as invoiced_at,
    case
        when not is_cancellation
            then row_number() over (
                partition by customer_id, is_cancellation
                order by invoiced_at_local, invoice_no
            )
    end as order_number
from invoices
