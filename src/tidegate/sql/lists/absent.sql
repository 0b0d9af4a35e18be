-- Destinations that are not among these any more, though people are on their lists or rows wait for them.
--
-- tables: tidegate.lists, tidegate.delivered, tidegate.owed
-- params: $destinations

with

absent as (

    select
        lists.destination,
        lists.list
    from tidegate.lists
    where not list_contains($destinations, lists.destination)

),

counted as (

    select
        delivered.destination,
        delivered.list,
        1 as people,
        0 as owed
    from tidegate.delivered
    inner join absent on delivered.destination = absent.destination and delivered.list = absent.list
    union all
    select
        owed.destination,
        owed.list,
        0 as people,
        1 as owed
    from tidegate.owed
    inner join absent on owed.destination = absent.destination and owed.list = absent.list

)

select
    counted.destination,
    list_sort(list(distinct counted.list)) as lists,
    cast(sum(counted.people) as bigint) as people,
    cast(sum(counted.owed) as bigint) as owed
from counted
group by counted.destination
order by counted.destination
