with

happened as (

    select
        customer_id,
        name,
        occurred_at,
        coalesce(properties ->> 'product_id', properties ->> 'stock_code') as product_id,
        properties ->> 'product_name' as product_name,
        (properties ->> 'price')::decimal(12, 2) as price
    from {{ ref('events') }}
    where
        name in ('cart_item_added', 'cart_item_removed', 'item_bought', 'order_completed')
        and occurred_at > {{ as_of() }} - interval '7 days'

),

ordered as (

    select
        customer_id,
        max(occurred_at) as last_order_at
    from happened
    where name = 'order_completed'
    group by customer_id

),

-- An order ends a cart: who leaves something behind at the till meant to.
changes as (

    select happened.*
    from happened
    left join ordered on happened.customer_id = ordered.customer_id
    where
        happened.name in ('cart_item_added', 'cart_item_removed')
        and (ordered.last_order_at is null or happened.occurred_at > ordered.last_order_at)

),

carts as (

    select
        customer_id,
        max(occurred_at) as last_change_at
    from changes
    group by customer_id

),

contents as (

    select
        customer_id,
        product_id,
        arg_max(name, (occurred_at, name)) as last_change,
        arg_max(product_name, occurred_at) filter (where name = 'cart_item_added') as product_name,
        arg_max(price, occurred_at) filter (where name = 'cart_item_added') as price
    from changes
    group by customer_id, product_id

),

bought as (

    select distinct
        customer_id,
        product_id
    from happened
    where name = 'item_bought'

)

select
    contents.customer_id,
    contents.product_id,
    contents.product_name,
    contents.price,
    carts.last_change_at
from contents
inner join carts on contents.customer_id = carts.customer_id
inner join {{ ref('abandoned_cart_stock') }} as stock on contents.product_id = stock.product_id
left join bought
    on
        contents.customer_id = bought.customer_id
        and contents.product_id = bought.product_id
where
    contents.last_change = 'cart_item_added'
    and bought.customer_id is null
