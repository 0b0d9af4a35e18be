-- For each channel and time zone in which it is quiet now: the first moment at which it is not. A moment is quiet
-- where the clock on the wall there stands in a window; clocks and windows change at a quarter of an hour, or at
-- such a distance from one ($apart, minutes) as the project's windows end at.
--
-- tables: living, quiet_times (channel, opens, closes: minutes of a week that begins on Monday), quiet
-- params: $as_of, $apart

insert into quiet
with

apart as (

    select unnest($apart) as minutes

),

moments as (

    select cast($as_of as timestamptz) as moment

    union

    select
        date_trunc('hour', cast($as_of as timestamptz))
        + to_minutes(cast(15 * quarters.number + apart.minutes as bigint)) as moment
    from range(0, 4 * 24 * 8) as quarters (number)
    cross join apart

),

zones as (

    select distinct living.zone
    from living

),

channels as (

    select distinct quiet_times.channel
    from quiet_times

),

walls as (

    select
        zones.zone,
        moments.moment,
        timezone(zones.zone, moments.moment) as wall
    from zones
    cross join moments
    where moments.moment >= cast($as_of as timestamptz)

),

minutes as (

    select
        walls.zone,
        walls.moment,
        (isodow(walls.wall) - 1) * 1440 + hour(walls.wall) * 60 + minute(walls.wall) as minute_of_week
    from walls

),

loud as (

    select
        channels.channel,
        minutes.zone,
        min(minutes.moment) as moment
    from minutes
    cross join channels
    where
        not exists (
            select 1
            from quiet_times
            where
                quiet_times.channel = channels.channel
                and minutes.minute_of_week >= quiet_times.opens
                and minutes.minute_of_week < quiet_times.closes
        )
    group by channels.channel, minutes.zone

)

select
    loud.channel,
    loud.zone,
    loud.moment as until
from loud
where loud.moment > cast($as_of as timestamptz)
