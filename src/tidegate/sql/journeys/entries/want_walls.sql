-- The local times whose moments are asked for.
--
-- tables: due_walls, walls

insert into walls
select distinct
    due_walls.zone,
    due_walls.wall
from due_walls
where due_walls.wall is not null
