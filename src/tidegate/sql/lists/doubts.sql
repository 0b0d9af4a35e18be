-- People in doubt are told again even where nothing differs.
--
-- tables: desired (person, fingerprint), doubtful_people, tidegate.owed, moves
-- params: $destination, $list

insert into moves
select
    $destination as destination,
    $list as list,
    desired.person,
    'update' as operation,
    desired.fingerprint,
    true as doubtful
from desired
where
    desired.person in (select doubtful_people.person from doubtful_people)
    and desired.person not in (
        select moves.person
        from moves
        where moves.destination = $destination and moves.list = $list
    )
    and desired.person not in (
        select owed.person
        from tidegate.owed
        where owed.destination = $destination and owed.list = $list and owed.state = 'submitted'
    )
