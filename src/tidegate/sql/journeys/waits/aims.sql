-- What those wait for who wait until a date or time of their own. A date, or a text that is no longer than one, is a
-- day on the person's clock, from `$minutes` on, or from its beginning; a time is a moment, unless they ask for that
-- time of its day. `$seconds` are added: to what the clock shows, or to the moment.
--
-- tables: here (instance, person), living, own (instance, value), aims
-- params: $minutes (of the day; null: none), $seconds

insert into aims
with

written as (

    select
        own.instance,
        trim(cast(own.value as varchar)) as value
    from own

),

known as (

    select
        written.instance,
        case when length(written.value) <= 10 then try_cast(written.value as date) end as day,
        case when length(written.value) > 10 then try_cast(written.value as timestamptz) end as moment
    from written

),

finite as (

    select
        known.instance,
        case when known.day between date '0001-01-01' and date '9999-12-31' then known.day end as day,
        case
            when known.moment between timestamptz '0001-01-01 00:00:00+00' and timestamptz '9999-12-31 00:00:00+00'
                then known.moment
        end as moment
    from known

),

days as (

    select
        here.instance,
        living.zone,
        case
            when finite.day is not null then cast(finite.day as timestamp)
            when cast($minutes as bigint) is not null then date_trunc('day', timezone(living.zone, finite.moment))
        end as day,
        finite.moment
    from here
    inner join living on here.person = living.person
    left join finite on here.instance = finite.instance

)

select
    days.instance,
    days.zone,
    days.day
    + to_minutes(coalesce(cast($minutes as bigint), 0))
    + to_microseconds(cast($seconds * 1000000 as bigint)) as wall,
    case when days.day is null then days.moment + to_microseconds(cast($seconds * 1000000 as bigint)) end as moment
from days
