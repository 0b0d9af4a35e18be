-- The hour of the day in which people of the project most often opened, clicked or bought, each on their own clock, in
-- the last ninety days, counted as for one of them: once for each person, day and hour. Nobody: ten o'clock.
--
-- tables: living, bought (person, occurred_at), tidegate.feedback, usual_hours
-- params: $as_of, $run_id, $journey

insert into usual_hours
with

did as (

    select
        feedback.person,
        timezone(living.zone, feedback.happened_at) as wall
    from tidegate.feedback
    inner join living on feedback.person = living.person
    where
        feedback.kind in ('opened', 'clicked')
        and feedback.happened_at <= $as_of
        and feedback.happened_at > $as_of - to_hours(90 * 24)

    union all

    select
        bought.person,
        timezone(living.zone, bought.occurred_at) as wall
    from bought
    inner join living on bought.person = living.person
    where
        bought.occurred_at <= $as_of
        and bought.occurred_at > $as_of - to_hours(90 * 24)

),

once as (

    select distinct
        did.person,
        date_trunc('hour', did.wall) as wall
    from did

),

hours as (

    select
        hour(once.wall) as hour,
        count(*) as times
    from once
    group by hour(once.wall)

),

ranked as (

    select
        hours.hour,
        row_number() over (order by hours.times desc, hours.hour) as place
    from hours

)

select
    $run_id as run_id,
    $journey as journey,
    coalesce(min(ranked.hour) filter (where ranked.place = 1), 10) as hour
from ranked
