-- Who reached the goal, and when.
--
-- tables: moments (instance, way, happened_at), reached_goals
-- params: none

insert into reached_goals (instance, goal_at)
select
    moments.instance,
    moments.happened_at as goal_at
from moments
