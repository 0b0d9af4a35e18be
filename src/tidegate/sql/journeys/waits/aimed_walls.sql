-- The local times that people wait for whose date it is.
--
-- tables: aims, walls

insert into walls
select distinct
    aims.zone,
    aims.wall
from aims
where aims.wall is not null
