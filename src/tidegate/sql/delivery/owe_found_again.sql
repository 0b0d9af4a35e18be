-- They are put there once more.
--
-- tables: tidegate.owed, found_again (of this transaction)
-- params: $as_of, $run_id

insert into tidegate.owed (
    destination, list, person, operation, identity, identifiers, traits, fingerprint,
    state, in_doubt, attempts, next_try, run_id
)
select
    found_again.destination,
    found_again.list,
    found_again.person,
    'add' as operation,
    found_again.identity,
    found_again.identifiers,
    found_again.traits,
    found_again.fingerprint,
    'due' as state,
    false as in_doubt,
    0 as attempts,
    $as_of as next_try,
    $run_id as run_id
from found_again
