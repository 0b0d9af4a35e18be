-- The versions of a journey that were published, with how many walk through each.
--
-- tables: tidegate.journey_versions, tidegate.instances
-- params: $journey

with

walks as (

    select
        instances.version,
        count(*) as entered,
        count(*) filter (where instances.status = 'active') as inside,
        count(instances.goal_at) as goals
    from tidegate.instances as instances
    where instances.journey = $journey
    group by instances.version

)

select
    published.version,
    published.published_at,
    coalesce(walks.entered, 0) as entered,
    coalesce(walks.inside, 0) as inside,
    coalesce(walks.goals, 0) as goals,
    published.hash,
    published.source
from tidegate.journey_versions as published
left join walks on published.version = walks.version
where published.journey = $journey
order by published.version
