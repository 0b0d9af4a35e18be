-- Whoever reached the goal leaves.
--
-- tables: reached_goals, inside, endings
-- params: $journey, $version, $as_of

insert into endings (instance, node, reason, ended_at)
select
    inside.instance,
    null as node,
    'goal' as reason,
    $as_of as ended_at
from inside
inner join reached_goals on inside.instance = reached_goals.instance
where
    inside.journey = $journey
    and inside.version = $version
    and inside.instance not in (select endings.instance from endings)
