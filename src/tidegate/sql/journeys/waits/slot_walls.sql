-- The local times at which the slots open, this week and the next.
--
-- tables: clocks, slot_times, walls

insert into walls
select distinct
    clocks.zone,
    date_trunc('week', clocks.wall) + to_minutes(slot_times.opens + weeks.number * 7 * 24 * 60) as wall
from clocks
cross join slot_times
cross join range(0, 2) as weeks (number)
