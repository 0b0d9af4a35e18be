-- When dates are due by the clock where each person lives: a date from the beginning of its day on, or at $clock; a
-- time at that moment, unless a time of its day, or every year, is asked for.
--
-- tables: due_soon, living, due_walls
-- params: $seconds, $clock (null: none), $yearly

insert into due_walls
with

local as (

    select
        due_soon.person,
        due_soon.context,
        due_soon.value,
        living.zone,
        due_soon.moment,
        case
            when due_soon.day is not null then due_soon.day
            when $yearly or cast($clock as time) is not null then timezone(living.zone, due_soon.moment)
        end + to_years(due_soon.years) as wall
    from due_soon
    inner join living on due_soon.person = living.person

)

select
    local.person,
    local.context,
    case when $yearly then cast(cast(local.wall as date) as varchar) else local.value end as value,
    local.zone,
    case
        when cast($clock as time) is null then local.wall
        else cast(local.wall as date) + cast($clock as time)
    end + to_microseconds(cast($seconds * 1000000 as bigint)) as wall,
    case when local.wall is null then local.moment + to_microseconds(cast($seconds * 1000000 as bigint)) end as moment
from local
