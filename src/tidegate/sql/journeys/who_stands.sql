-- How many people stand at each step, and of how many of them the time is up.
--
-- tables: inside
-- params: $journey, $as_of

select
    inside.version,
    inside.step,
    count(*) as people,
    count(*) filter (where inside.deadline <= $as_of) as due
from inside
where inside.journey = $journey and not inside.migrates
group by inside.version, inside.step
order by inside.version, inside.step
