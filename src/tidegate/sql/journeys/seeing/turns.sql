-- Which way those went who came to a step with several ways out.
--
-- tables: tidegate.steps, tidegate.instances
-- params: $journey, $version (null: all versions), $forks

select
    before.step as from_step,
    after.step as to_step,
    after.turn,
    count(*) as walks
from tidegate.steps as before
inner join tidegate.steps as after
    on before.instance = after.instance and before.number + 1 = after.number
inner join tidegate.instances as instances on before.instance = instances.instance
where
    before.journey = $journey
    and before.step in (select unnest($forks))
    and ($version is null or instances.version = $version)
group by before.step, after.step, after.turn
