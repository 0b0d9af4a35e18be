-- The local times at which people's best hours begin, on the day they begin to wait and the next.
--
-- tables: here (instance, person, at), living, clocks, own_hours, walls

insert into walls
select distinct
    clocks.zone,
    date_trunc('day', clocks.wall) + to_hours(own_hours.hour + days.number * 24) as wall
from here
inner join living on here.person = living.person
inner join clocks
    on living.zone = clocks.zone and cast(floor(epoch(here.at) / 60) as bigint) = clocks.minute
inner join own_hours on here.instance = own_hours.instance
cross join range(0, 2) as days (number)
