-- When those go on who wait until a date or time of their own. Nothing to wait for is past.
--
-- tables: here (instance, at), aims, instants, wait_ends

insert into wait_ends
with

ends as (

    select
        aims.instance,
        coalesce(instants.moment, aims.moment) as moment
    from aims
    left join instants on aims.zone = instants.zone and aims.wall = instants.wall

)

select
    here.instance,
    case when ends.moment >= here.at then ends.moment else here.at end as deadline,
    coalesce(ends.moment < here.at, true) as past
from here
left join ends on here.instance = ends.instance
