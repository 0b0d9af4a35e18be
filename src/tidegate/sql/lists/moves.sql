-- Who must be added to, updated on or removed from a list: what is wanted (`desired`) against what the
-- destination is known to hold. With $everything each person is looked at, because the stored
-- fingerprints were made in another way and say nothing. People whose last row the platform has not judged
-- yet are looked at once it has.
--
-- tables: desired (person, fingerprint), tidegate.delivered, tidegate.owed, doubtful_people, moves
-- params: $destination, $list, $everything

insert into moves
with

held as (

    select
        delivered.person,
        delivered.fingerprint
    from tidegate.delivered
    where delivered.destination = $destination and delivered.list = $list

)

select
    $destination as destination,
    $list as list,
    coalesce(desired.person, held.person) as person,
    case
        when desired.person is null then 'remove'
        when held.person is null then 'add'
        else 'update'
    end as operation,
    desired.fingerprint,
    coalesce(desired.person in (select doubtful_people.person from doubtful_people), false) as doubtful
from desired
full outer join held on desired.person = held.person
where
    ($everything or desired.fingerprint is distinct from held.fingerprint)
    and coalesce(desired.person, held.person) not in (
        select owed.person
        from tidegate.owed
        where owed.destination = $destination and owed.list = $list and owed.state = 'submitted'
    )
