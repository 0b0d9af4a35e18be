-- What the clocks show where people begin to wait: for each time zone and minute once.
--
-- tables: begun, clocks

insert into clocks
with

minutes as (

    select distinct
        begun.zone,
        begun.minute
    from begun

)

select
    minutes.zone,
    minutes.minute,
    timezone(minutes.zone, to_timestamp(minutes.minute * 60)) as wall
from minutes
