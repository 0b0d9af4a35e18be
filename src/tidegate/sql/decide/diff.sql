-- Who enters and who leaves an audience: its members now (`entry`) against its open stays.
-- A null key meets nobody, and so shows up here as an entry without a person.
--
-- tables: entry (person), tidegate.stays, changes
-- params: $audience

insert into changes
with

held as (

    select
        stays.person,
        stays.stay
    from tidegate.stays
    where stays.audience = $audience and stays.left_at is null

)

select
    $audience as audience,
    coalesce(entry.person, held.person) as person,
    case when held.person is null then 'enter' else 'leave' end as change,
    held.stay
from entry
full outer join held on entry.person = held.person
where entry.person is null or held.person is null
