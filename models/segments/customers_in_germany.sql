select
    people.customer_id,
    customers.orders,
    customers.spend_365d,
    customers.last_order_at
from {{ ref('people') }} as people
inner join {{ ref('customers') }} as customers on people.customer_id = customers.customer_id
where people.country_code = 'DE'
