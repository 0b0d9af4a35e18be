-- Every journey that the state knows: how many entered, are inside, ended and did what it is for, the newest version,
-- and what its latest run made of it.
--
-- tables: tidegate.instances, tidegate.journey_versions, tidegate.journey_runs, tidegate.runs

with

walks as (

    select
        instances.journey,
        count(*) as entered,
        count(*) filter (where instances.status = 'active') as inside,
        count(*) filter (where instances.status = 'ended') as ended,
        count(instances.goal_at) as goals
    from tidegate.instances as instances
    group by instances.journey

),

published as (

    select
        journey_versions.journey,
        max(journey_versions.version) as version
    from tidegate.journey_versions as journey_versions
    group by journey_versions.journey

),

ranked as (

    select
        journey_runs.journey,
        journey_runs.verdict,
        journey_runs.reason,
        runs.as_of,
        row_number() over (
            partition by journey_runs.journey
            order by runs.started_at desc, runs.as_of desc, runs.run_id desc
        ) as recency
    from tidegate.journey_runs as journey_runs
    inner join tidegate.runs as runs on journey_runs.run_id = runs.run_id

),

latest as (

    select
        ranked.journey,
        ranked.verdict,
        ranked.reason,
        ranked.as_of
    from ranked
    where ranked.recency = 1

),

known as (

    select walks.journey
    from walks
    union
    select published.journey
    from published
    union
    select latest.journey
    from latest

)

select
    known.journey,
    published.version,
    coalesce(walks.entered, 0) as entered,
    coalesce(walks.inside, 0) as inside,
    coalesce(walks.ended, 0) as ended,
    coalesce(walks.goals, 0) as goals,
    latest.verdict,
    latest.reason,
    latest.as_of
from known
left join walks on known.journey = walks.journey
left join published on known.journey = published.journey
left join latest on known.journey = latest.journey
order by known.journey
