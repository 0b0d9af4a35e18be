with

today as (

    select ({{ local(as_of()) }})::date as today

),

birthdays as (

    select
        people.customer_id,
        today.today,
        -- in years without a 29th of February, on the 28th
        (people.birthday + to_years((year(today.today) - year(people.birthday))::integer))::date as this_year,
        (people.birthday + to_years((year(today.today) - year(people.birthday) + 1)::integer))::date as next_year
    from {{ ref('people') }} as people
    cross join today
    where people.birthday is not null

),

next_birthdays as (

    select
        customer_id,
        today,
        case when this_year >= today then this_year else next_year end as celebrates_on
    from birthdays

)

select
    customer_id,
    celebrates_on
from next_birthdays
where celebrates_on < today + 7
