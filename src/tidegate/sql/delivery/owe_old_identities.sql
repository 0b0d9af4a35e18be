-- Identifiers that a list still holds of people whom it took under new ones: their removal is owed.
--
-- tables: given_up (destination, list, person, identity, identifiers), tidegate.owed
-- params: $run_id, $as_of

insert into tidegate.owed (
    destination, list, person, operation, identity, identifiers, traits, state, in_doubt, attempts, next_try, run_id
)
select
    given_up.destination,
    given_up.list,
    given_up.person,
    'remove',
    given_up.identity,
    given_up.identifiers,
    '{}',
    'due',
    false,
    0,
    $as_of,
    $run_id
from given_up
left join tidegate.owed
    on
        given_up.destination = owed.destination
        and given_up.list = owed.list
        and given_up.person = owed.person
        and given_up.identity = owed.identity
        and owed.operation = 'remove'
where owed.person is null
