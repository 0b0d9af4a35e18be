-- When people did what the journey is for.
--
-- tables: reached_goals, tidegate.instances
-- params: none

update tidegate.instances
set goal_at = reached_goals.goal_at
from reached_goals
where instances.instance = reached_goals.instance
