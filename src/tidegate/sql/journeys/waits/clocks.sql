-- What the clocks show where people begin to wait: for each time zone and minute once.
--
-- tables: here (person, at), living, clocks

insert into clocks
with

minutes as (

    select distinct
        living.zone,
        cast(floor(epoch(here.at) / 60) as bigint) as minute
    from here
    inner join living on here.person = living.person

)

select
    minutes.zone,
    minutes.minute,
    timezone(minutes.zone, to_timestamp(minutes.minute * 60)) as wall
from minutes
