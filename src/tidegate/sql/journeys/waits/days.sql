-- When those go on who wait so many days of the calendar.
--
-- tables: begun, clocks, instants, wait_ends
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
    begun.instance,
    greatest(begun.at, ends.moment) as deadline,
    false as past
from begun
inner join ends on begun.zone = ends.zone and begun.minute = ends.minute
