-- Everybody whom a run moved in journeys: who entered, went on, came out or was not let in.
--
-- tables: tidegate.instances, tidegate.steps, tidegate.occurrences, tidegate.journey_runs
-- params: $run_id

with

walked as (

    select
        steps.instance,
        max(steps.number) filter (where steps.run_id <> $run_id) as before_it,
        max(steps.number) filter (where steps.run_id = $run_id) as in_it
    from tidegate.steps as steps
    where
        steps.instance in (
            select instances.instance
            from tidegate.instances as instances
            where instances.moved_run = $run_id
        )
    group by steps.instance

),

moved as (

    select
        instances.journey,
        instances.person,
        instances.step,
        instances.status,
        instances.exit_reason,
        instances.entered_run = $run_id as entered,
        walked.in_it is not null as went,
        stood.step as stood_at
    from tidegate.instances as instances
    left join walked on instances.instance = walked.instance
    left join tidegate.steps as stood
        on walked.instance = stood.instance and walked.before_it = stood.number
    where instances.moved_run = $run_id

),

every_row as (

    select
        'enter' as kind,
        moved.journey as subject,
        moved.person,
        'as far as ' || moved.step as detail
    from moved
    where moved.entered

    union all

    select
        'go on' as kind,
        moved.journey as subject,
        moved.person,
        moved.stood_at || ' -> ' || moved.step as detail
    from moved
    where moved.went and not moved.entered and moved.stood_at is distinct from moved.step

    union all

    select
        'end' as kind,
        moved.journey as subject,
        moved.person,
        concat_ws(': ', moved.step, moved.exit_reason) as detail
    from moved
    where moved.status = 'ended'

    union all

    select
        'refused' as kind,
        occurrences.audience as subject,
        occurrences.person,
        occurrences.disposition as detail
    from tidegate.occurrences as occurrences
    inner join tidegate.journey_runs as journey_runs
        on occurrences.audience = journey_runs.journey and occurrences.run_id = journey_runs.run_id
    where occurrences.run_id = $run_id and occurrences.disposition <> 'acted'

)

select
    every_row.kind,
    every_row.subject,
    every_row.person,
    every_row.detail
from every_row
order by
    case every_row.kind when 'enter' then 1 when 'go on' then 2 when 'end' then 3 else 4 end,
    every_row.subject,
    every_row.person,
    every_row.detail
