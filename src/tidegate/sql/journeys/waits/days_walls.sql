-- The local times that people wait for who wait so many days of the calendar, until a time of the day.
--
-- tables: clocks, walls
-- params: $days, $minutes (of the day)

insert into walls
select distinct
    clocks.zone,
    date_trunc('day', clocks.wall) + to_days($days) + to_minutes($minutes) as wall
from clocks
