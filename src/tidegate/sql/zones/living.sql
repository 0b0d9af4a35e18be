-- Where everybody who is asked about lives, unless that is known already: the time zone that people says, as far as
-- there is one of this name; the others have none yet.
--
-- tables: asked (person), books (person, time_zone, phone), living

insert into living
with

strangers as (

    select distinct asked.person
    from asked
    where not exists (select 1 from living where living.person = asked.person)

),

known as (

    select
        min(zones.name) as name,
        lower(zones.name) as lowered
    from pg_timezone_names() as zones
    group by lower(zones.name)

)

select
    strangers.person,
    known.name as zone,
    case when known.name is null then nullif(trim(books.time_zone), '') end as misnamed,
    case when known.name is null then regexp_replace(books.phone, '[^0-9]', '', 'g') end as digits
from strangers
left join books on strangers.person = books.person
left join known on lower(trim(books.time_zone)) = known.lowered
