-- Whoever did what the journey is for after they had been through it gets nothing more of it.
--
-- tables: lingering, reached_goals, withdrawn
-- params: $version

insert into withdrawn (instance)
select lingering.instance
from lingering
inner join reached_goals on lingering.instance = reached_goals.instance
where lingering.version = $version
