-- The lists that hold people or are owed rows: how many of each.
--
-- tables: tidegate.delivered, tidegate.owed
-- params: none

with

counted as (

    select
        delivered.destination,
        delivered.list,
        count(*) as people,
        0 as owed
    from tidegate.delivered
    group by delivered.destination, delivered.list
    union all
    select
        owed.destination,
        owed.list,
        0 as people,
        count(*) as owed
    from tidegate.owed
    group by owed.destination, owed.list

)

select
    counted.destination,
    counted.list,
    cast(sum(counted.people) as bigint) as people,
    cast(sum(counted.owed) as bigint) as owed
from counted
group by counted.destination, counted.list
order by counted.destination, counted.list
