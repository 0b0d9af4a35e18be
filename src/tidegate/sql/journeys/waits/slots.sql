-- When those go on who wait for a slot: at once whose clock shows a time within, the others when it opens next.
--
-- tables: begun, clocks, slot_times, instants, wait_ends

insert into wait_ends
with

within as (

    select distinct
        clocks.zone,
        clocks.minute
    from clocks
    inner join slot_times
        on
            epoch(clocks.wall - date_trunc('week', clocks.wall)) >= slot_times.opens * 60
            and epoch(clocks.wall - date_trunc('week', clocks.wall)) < slot_times.closes * 60

),

openings as (

    select
        clocks.zone,
        clocks.minute,
        min(case
            when instants.moment >= to_timestamp(clocks.minute * 60) then instants.moment
            when instants.again >= to_timestamp(clocks.minute * 60) then instants.again
        end) as moment
    from clocks
    cross join slot_times
    cross join range(0, 2) as weeks (number)
    inner join instants
        on
            clocks.zone = instants.zone
            and date_trunc('week', clocks.wall) + to_minutes(slot_times.opens + weeks.number * 7 * 24 * 60)
            = instants.wall
    group by clocks.zone, clocks.minute

),

ends as (

    select
        openings.zone,
        openings.minute,
        case when within.zone is null then openings.moment end as moment
    from openings
    left join within on openings.zone = within.zone and openings.minute = within.minute

)

select
    begun.instance,
    greatest(begun.at, coalesce(ends.moment, begun.at)) as deadline,
    false as past
from begun
inner join ends on begun.zone = ends.zone and begun.minute = ends.minute
