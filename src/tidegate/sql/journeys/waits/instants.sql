-- At which moments the clock on the wall shows a local time. A day on which clocks change leaves some times out and
-- has others twice. Each wall's time is read back from what the zone's clock is ahead by a day before and a day after:
-- between the two clocks change once at most, and a moment is right where the zone shows the asked time then.
--
-- tables: walls, instants

insert into instants
with

wanted as (

    select distinct
        walls.zone,
        walls.wall
    from walls

),

ahead as (

    select
        wanted.zone,
        wanted.wall,
        timezone(wanted.zone, timezone('UTC', wanted.wall - interval 1 day)) - (wanted.wall - interval 1 day) as before,
        timezone(wanted.zone, timezone('UTC', wanted.wall + interval 1 day)) - (wanted.wall + interval 1 day) as after
    from wanted

),

guesses as (

    select
        ahead.zone,
        ahead.wall,
        timezone('UTC', ahead.wall - ahead.before) as before,
        timezone('UTC', ahead.wall - ahead.after) as after
    from ahead

),

shown as (

    select
        guesses.zone,
        guesses.wall,
        guesses.before,
        guesses.after,
        timezone(guesses.zone, guesses.before) = guesses.wall as before_shows,
        timezone(guesses.zone, guesses.after) = guesses.wall as after_shows
    from guesses

),

left_out as (

    select
        shown.zone,
        shown.wall,
        min(shown.after + to_minutes(cast(minutes.number as bigint))) as moment
    from shown
    cross join range(0, 24 * 60 + 1) as minutes (number)
    where
        not shown.before_shows
        and not shown.after_shows
        and timezone(shown.zone, shown.after + to_minutes(cast(minutes.number as bigint))) >= shown.wall
    group by shown.zone, shown.wall

)

select
    shown.zone,
    shown.wall,
    case
        when shown.before_shows and shown.after_shows then least(shown.before, shown.after)
        when shown.before_shows then shown.before
        when shown.after_shows then shown.after
        else left_out.moment
    end as moment,
    case
        when shown.before_shows and shown.after_shows and shown.before <> shown.after
            then greatest(shown.before, shown.after)
    end as again
from shown
left join left_out on shown.zone = left_out.zone and shown.wall = left_out.wall
