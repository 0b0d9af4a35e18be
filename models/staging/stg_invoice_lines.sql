with

invoice_lines as (

    select * from {{ source('raw', 'invoice_lines') }}

),

already_happened as (

    select *
    from invoice_lines
    where invoicedate <= {{ local(as_of()) }}

)

select
    invoiceno as invoice_no,
    stockcode as stock_code,
    description as product_name,
    quantity,
    unitprice as unit_price,
    quantity * unitprice as amount,
    customerid as customer_id,
    country,
    invoicedate as invoiced_at_local,
    {{ local('invoicedate') }} as invoiced_at,
    invoiceno like 'C%' as is_cancellation,
    stockcode not in (
        'POST', 'DOT', 'C2', 'M', 'm', 'D', 'S', 'B', 'CRUK', 'AMAZONFEE', 'BANK CHARGES'
    ) as is_product
from already_happened
