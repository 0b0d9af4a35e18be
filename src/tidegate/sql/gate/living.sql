-- Where everybody lives who might be written to in quiet hours: the time zone that people says, as far as there is
-- one of this name; the others have none yet.
--
-- tables: verdicts, quiet_times, books (person, time_zone, phone), living

insert into living
with

asked as (

    select distinct verdicts.person
    from verdicts
    where
        verdicts.verdict = 'send'
        and not verdicts.transactional
        and verdicts.channel in (select quiet_times.channel from quiet_times)

),

known as (

    select
        min(zones.name) as name,
        lower(zones.name) as lowered
    from pg_timezone_names() as zones
    group by lower(zones.name)

)

select
    asked.person,
    known.name as zone,
    nullif(trim(books.time_zone), '') as written,
    regexp_replace(books.phone, '[^0-9]', '', 'g') as digits
from asked
left join books on asked.person = books.person
left join known on lower(trim(books.time_zone)) = known.lowered
