with

goods as (

    select
        invoice_no,
        customer_id,
        stock_code,
        product_name,
        quantity,
        unit_price,
        amount,
        invoiced_at
    from {{ ref('stg_invoice_lines') }}
    where
        customer_id is not null
        and is_product
        and not is_cancellation
        and unit_price > 0
        and quantity > 0
        and invoiced_at > {{ as_of() }} - interval '180 days'

),

items as (

    select
        invoice_no,
        customer_id,
        stock_code,
        max(product_name) as product_name,
        sum(quantity) as pieces,
        sum(amount) as amount,
        min(unit_price) as unit_price,
        min(invoiced_at) as invoiced_at
    from goods
    group by invoice_no, customer_id, stock_code

),

-- What each of the latest orders is mostly about.
bought as (

    select *
    from items
    where invoiced_at > {{ as_of() }} - interval '4 days'
    qualify row_number() over (partition by invoice_no order by amount desc, stock_code asc) = 1

),

-- Upsell: their usual number of pieces, and from how many on others paid a tenth less.
habits as (

    select
        bought.invoice_no,
        max(items.pieces) as usual_pieces,
        min(items.unit_price) as usual_price
    from bought
    inner join items
        on
            bought.customer_id = items.customer_id
            and bought.stock_code = items.stock_code
    group by bought.invoice_no
    having count(*) >= 3

),

larger as (

    select
        bought.invoice_no,
        arg_min(goods.quantity, (goods.quantity, goods.unit_price)) as bulk_pieces,
        arg_min(goods.unit_price, (goods.quantity, goods.unit_price)) as bulk_price
    from bought
    inner join habits on bought.invoice_no = habits.invoice_no
    inner join goods
        on
            bought.stock_code = goods.stock_code
            and habits.usual_pieces < goods.quantity
            and habits.usual_price * 0.9 >= goods.unit_price
    group by bought.invoice_no

),

-- Cross-sell: what stands on the same invoices.
baskets as (

    select
        stock_code,
        count(*) as baskets
    from items
    where stock_code in (select bought.stock_code from bought)
    group by stock_code

),

pairs as (

    select
        these.stock_code,
        others.stock_code as companion,
        max(others.product_name) as companion_name,
        count(*) as together
    from items as these
    inner join items as others
        on
            these.invoice_no = others.invoice_no
            and these.stock_code <> others.stock_code
    where these.stock_code in (select bought.stock_code from bought)
    group by these.stock_code, others.stock_code

),

known as (

    select distinct
        customer_id,
        stock_code
    from {{ ref('stg_invoice_lines') }}
    where customer_id in (select bought.customer_id from bought)

),

companions as (

    select
        bought.invoice_no,
        pairs.companion,
        pairs.companion_name
    from bought
    inner join baskets on bought.stock_code = baskets.stock_code
    inner join pairs
        on
            bought.stock_code = pairs.stock_code
            and pairs.together >= 4
            and pairs.together * 7 >= baskets.baskets
    left join known
        on
            bought.customer_id = known.customer_id
            and pairs.companion = known.stock_code
    where known.customer_id is null
    qualify row_number() over (partition by bought.invoice_no order by pairs.together desc, pairs.companion asc) = 1

)

select
    bought.invoice_no as occurrence_id,
    bought.customer_id,
    bought.invoiced_at as occurred_at,
    bought.product_name as bought_name,
    larger.bulk_pieces,
    larger.bulk_price,
    case when larger.bulk_pieces is null then companions.companion_name end as companion_name,
    case when larger.bulk_pieces is null then 'cross_sell' else 'upsell' end as offer,
    case when larger.bulk_pieces is null then companions.companion else bought.stock_code end as offered_code
from bought
left join larger on bought.invoice_no = larger.invoice_no
left join companions on bought.invoice_no = companions.invoice_no
where larger.bulk_pieces is not null or companions.companion is not null
