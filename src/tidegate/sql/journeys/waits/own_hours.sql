-- The hour of the day in which people most often opened, clicked or bought, on their own clock, in the ninety days
-- before they began to wait. Whatever somebody does within one hour of one day counts once; of two hours alike, the
-- earlier.
--
-- tables: here (instance, person, at), living, bought (person, occurred_at), tidegate.feedback, own_hours

insert into own_hours
with

did as (

    select
        here.instance,
        timezone(living.zone, feedback.happened_at) as wall
    from here
    inner join living on here.person = living.person
    inner join tidegate.feedback
        on
            here.person = feedback.person
            and here.at >= feedback.happened_at
            and here.at < feedback.happened_at + to_hours(90 * 24)
    where feedback.kind in ('opened', 'clicked')

    union all

    select
        here.instance,
        timezone(living.zone, bought.occurred_at) as wall
    from here
    inner join living on here.person = living.person
    inner join bought
        on
            here.person = bought.person
            and here.at >= bought.occurred_at
            and here.at < bought.occurred_at + to_hours(90 * 24)

),

hours as (

    select
        did.instance,
        hour(did.wall) as hour,
        count(distinct date_trunc('day', did.wall)) as days
    from did
    group by did.instance, hour(did.wall)

),

ranked as (

    select
        hours.instance,
        hours.hour,
        row_number() over (partition by hours.instance order by hours.days desc, hours.hour) as place
    from hours

)

select
    ranked.instance,
    ranked.hour
from ranked
where ranked.place = 1
