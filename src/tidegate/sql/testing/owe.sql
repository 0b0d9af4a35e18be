-- Rows that a destination is to be given, or to lose.
--
-- tables: tidegate.owed, given_rows (registered: person, operation, identity, identifiers, traits)
-- params: $destination, $list, $as_of, $run_id

insert into tidegate.owed (
    destination, list, person, operation, identity, identifiers, traits, fingerprint, state, in_doubt, attempts,
    next_try, run_id
)
select
    $destination,
    $list,
    given_rows.person,
    given_rows.operation,
    given_rows.identity,
    given_rows.identifiers,
    given_rows.traits,
    1,
    'due',
    false,
    0,
    $as_of,
    $run_id
from given_rows
