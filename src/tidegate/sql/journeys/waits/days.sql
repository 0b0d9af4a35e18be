-- When those go on who wait so many days of the calendar.
--
-- tables: here (instance, person, at), living, clocks, instants, wait_ends
-- params: $days, $minutes (of the day)

insert into wait_ends
with

ends as (

    select
        clocks.zone,
        clocks.minute,
        instants.moment
    from clocks
    inner join instants
        on
            clocks.zone = instants.zone
            and date_trunc('day', clocks.wall) + to_days($days) + to_minutes($minutes) = instants.wall

)

select
    here.instance,
    greatest(here.at, ends.moment) as deadline,
    false as past
from here
inner join living on here.person = living.person
inner join ends on living.zone = ends.zone and cast(floor(epoch(here.at) / 60) as bigint) = ends.minute
