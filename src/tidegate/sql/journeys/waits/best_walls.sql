-- The local times at which people's best hours begin, on the day they begin to wait and the next.
--
-- tables: best_hours, clocks, walls

insert into walls
with

wanted as (

    select distinct
        best_hours.zone,
        best_hours.minute,
        best_hours.hour
    from best_hours

)

select distinct
    clocks.zone,
    date_trunc('day', clocks.wall) + to_hours(wanted.hour + days.number * 24) as wall
from wanted
inner join clocks on wanted.zone = clocks.zone and wanted.minute = clocks.minute
cross join range(0, 2) as days (number)
