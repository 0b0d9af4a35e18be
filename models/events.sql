{{ config(materialized="view") }}

with

goods as (

    select * from {{ ref('stg_invoice_lines') }}
    where
        customer_id is not null
        and unit_price > 0
        and is_product
        and not is_cancellation

),

items as (

    select
        invoice_no,
        stock_code,
        customer_id,
        min(invoiced_at_local) as bought_at_local,
        min(product_name) as product_name,
        sum(quantity) as pieces,
        sum(amount)::decimal(12, 2) as amount
    from goods
    group by invoice_no, stock_code, customer_id

),

order_events as (

    select
        customer_id,
        invoiced_at as occurred_at,
        case when is_cancellation then 'order_cancelled' else 'order_completed' end as name,
        case when is_cancellation then 'order_cancelled:' else 'order_completed:' end || invoice_no as event_id,
        json_object(
            'invoice_no', invoice_no,
            'amount', abs(amount),
            'pieces', abs(pieces),
            'main_product', main_product,
            'order_number', order_number
        ) as properties
    from {{ ref('orders') }}

),

item_events as (

    select
        customer_id,
        {{ local('bought_at_local') }} as occurred_at,
        'item_bought' as name,
        'item_bought:' || invoice_no || ':' || stock_code as event_id,
        json_object(
            'invoice_no', invoice_no,
            'stock_code', stock_code,
            'product_name', product_name,
            'amount', amount,
            'pieces', pieces
        ) as properties
    from items

),

everything as (

    select * from order_events
    union all
    select * from item_events

)

select
    event_id,
    customer_id,
    name,
    occurred_at,
    properties
from everything
