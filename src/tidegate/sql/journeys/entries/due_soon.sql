-- The dates that may be due after $after and up to $until in some time zone: three days around them are more than the
-- clocks of the world differ. A text that is no longer than a date is one. $yearly takes the date in each of $years,
-- from the year after its own on; 29 February is on the 28th in years that have none.
--
-- tables: entry (person, context, value), due_soon
-- params: $after, $until, $seconds, $yearly, $years

insert into due_soon
with

written as (

    select
        entry.person,
        entry.context,
        trim(entry.value) as value
    from entry
    where entry.value is not null

),

dates as (

    select
        written.person,
        written.context,
        written.value,
        case when length(written.value) <= 10 then cast(try_cast(written.value as date) as timestamp) end as day,
        case when length(written.value) > 10 then try_cast(written.value as timestamptz) end as moment
    from written

),

finite as (

    select
        dates.person,
        dates.context,
        dates.value,
        dates.day,
        dates.moment,
        coalesce(dates.day, timezone('UTC', dates.moment)) as wall
    from dates
    where
        coalesce(dates.day, timezone('UTC', dates.moment))
        between timestamp '0001-01-01 00:00:00' and timestamp '9990-12-31 00:00:00'

),

years as (

    select unnest(cast($years as integer[])) as year

),

repeated as (

    select
        finite.person,
        finite.context,
        finite.value,
        finite.day,
        finite.moment,
        finite.wall,
        cast(case when $yearly then years.year - year(finite.wall) else 0 end as integer) as years
    from finite
    inner join years on not $yearly or years.year > year(finite.wall)

)

select
    repeated.person,
    repeated.context,
    repeated.value,
    repeated.day,
    repeated.moment,
    repeated.years
from repeated
where
    repeated.wall + to_years(repeated.years) + to_microseconds(cast($seconds * 1000000 as bigint))
    between timezone('UTC', cast($after as timestamptz)) - interval '3 days'
    and timezone('UTC', cast($until as timestamptz)) + interval '3 days'
