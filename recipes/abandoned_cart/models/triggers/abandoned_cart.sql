with

carts as (

    select
        customer_id,
        last_change_at,
        last_change_at + interval '{{ var("abandoned_cart_patience", "1 hour") }}' as abandoned_at,
        arg_max(product_id, (price, product_id)) as product_id,
        arg_max(product_name, (price, product_id)) as product_name,
        count(*) - 1 as other_products,
        sum(price)::decimal(12, 2) as cart_value
    from {{ ref('abandoned_cart_items') }}
    group by customer_id, last_change_at

)

select
    carts.customer_id || ':' || strftime(carts.last_change_at, '%Y%m%dT%H%M%S') as occurrence_id,
    carts.customer_id,
    carts.abandoned_at as occurred_at,
    carts.product_id,
    carts.product_name,
    carts.other_products,
    carts.cart_value,
    holders.coupon
from carts
left join {{ ref('abandoned_cart_coupon_holders') }} as holders on carts.customer_id = holders.customer_id
where carts.abandoned_at between {{ as_of() }} - interval '1 day' and {{ as_of() }}
