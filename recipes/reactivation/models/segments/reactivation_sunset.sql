with

tags as (

    select
        person,
        value,
        set_at,
        row_number() over (partition by person order by set_at desc, journey desc) as back
    from {{ source('tidegate', 'traits') }}
    where
        kind = 'tag'
        and name = 'sunset'
        and set_at <= {{ as_of() }}

),

carrying as (

    select
        person,
        set_at
    from tags
    where
        back = 1
        and value is not null

)

select
    people.customer_id,
    carrying.set_at as sunset_at
from {{ ref('people') }} as people
inner join carrying on people.customer_id::varchar = carrying.person
left join {{ ref('customers') }} as customers on people.customer_id = customers.customer_id
where
    customers.last_order_at is null
    or customers.last_order_at <= carrying.set_at
