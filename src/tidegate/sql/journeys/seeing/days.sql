-- What happened on each day (UTC): who entered, what was sent, who ended, who did what the journey is for.
--
-- tables: tidegate.instances, tidegate.outbox
-- params: $journey, $version (null: all versions)

with

walks as (

    select
        instances.instance,
        instances.entered_at,
        instances.ended_at,
        instances.goal_at
    from tidegate.instances as instances
    where
        instances.journey = $journey
        and ($version is null or instances.version = $version)

),

happened as (

    select
        cast(timezone('UTC', walks.entered_at) as date) as happened_on,
        'entered' as what
    from walks
    union all
    select
        cast(timezone('UTC', walks.ended_at) as date) as happened_on,
        'ended' as what
    from walks
    where walks.ended_at is not null
    union all
    select
        cast(timezone('UTC', walks.goal_at) as date) as happened_on,
        'goal' as what
    from walks
    where walks.goal_at is not null
    union all
    select
        cast(timezone('UTC', outbox.settled_at) as date) as happened_on,
        'sent' as what
    from tidegate.outbox as outbox
    inner join walks on outbox.instance = walks.instance
    where outbox.source = $journey and outbox.state = 'accepted'

)

select
    happened.happened_on,
    count(*) filter (where happened.what = 'entered') as entered,
    count(*) filter (where happened.what = 'sent') as sent,
    count(*) filter (where happened.what = 'ended') as ended,
    count(*) filter (where happened.what = 'goal') as goals
from happened
group by happened.happened_on
order by happened.happened_on
