-- When those go on who wait for their best hour: at once within it, else when it begins next.
--
-- tables: here (instance, person, at), living, clocks, own_hours, instants, wait_ends

insert into wait_ends
with

wanted as (

    select distinct
        clocks.zone,
        clocks.minute,
        clocks.wall,
        own_hours.hour
    from here
    inner join living on here.person = living.person
    inner join clocks
        on living.zone = clocks.zone and cast(floor(epoch(here.at) / 60) as bigint) = clocks.minute
    inner join own_hours on here.instance = own_hours.instance

),

beginnings as (

    select
        wanted.zone,
        wanted.minute,
        wanted.hour,
        hour(wanted.wall) = wanted.hour as now,
        min(case
            when instants.moment >= to_timestamp(wanted.minute * 60) then instants.moment
            when instants.again >= to_timestamp(wanted.minute * 60) then instants.again
        end) as moment
    from wanted
    cross join range(0, 2) as days (number)
    inner join instants
        on
            wanted.zone = instants.zone
            and date_trunc('day', wanted.wall) + to_hours(wanted.hour + days.number * 24) = instants.wall
    group by wanted.zone, wanted.minute, wanted.wall, wanted.hour

)

select
    here.instance,
    case when beginnings.now then here.at else greatest(here.at, beginnings.moment) end as deadline,
    false as past
from here
inner join living on here.person = living.person
inner join own_hours on here.instance = own_hours.instance
inner join beginnings
    on
        living.zone = beginnings.zone
        and cast(floor(epoch(here.at) / 60) as bigint) = beginnings.minute
        and own_hours.hour = beginnings.hour
