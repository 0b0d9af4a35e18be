-- When those go on who wait for their best hour: at once within it, else when it begins next.
--
-- tables: best_hours, clocks, instants, wait_ends

insert into wait_ends
with

wanted as (

    select distinct
        best_hours.zone,
        best_hours.minute,
        best_hours.hour
    from best_hours

),

shown as (

    select
        wanted.zone,
        wanted.minute,
        wanted.hour,
        clocks.wall
    from wanted
    inner join clocks on wanted.zone = clocks.zone and wanted.minute = clocks.minute

),

beginnings as (

    select
        shown.zone,
        shown.minute,
        shown.hour,
        min(case
            when instants.moment >= to_timestamp(shown.minute * 60) then instants.moment
            when instants.again >= to_timestamp(shown.minute * 60) then instants.again
        end) as moment
    from shown
    cross join range(0, 2) as days (number)
    inner join instants
        on
            shown.zone = instants.zone
            and date_trunc('day', shown.wall) + to_hours(shown.hour + days.number * 24) = instants.wall
    where hour(shown.wall) <> shown.hour
    group by shown.zone, shown.minute, shown.hour

)

select
    best_hours.instance,
    greatest(best_hours.at, coalesce(beginnings.moment, best_hours.at)) as deadline,
    false as past
from best_hours
left join beginnings
    on
        best_hours.zone = beginnings.zone
        and best_hours.minute = beginnings.minute
        and best_hours.hour = beginnings.hour
