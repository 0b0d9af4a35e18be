-- What is owed now becomes what is owed.
--
-- tables: tidegate.owed, owed_now
-- params: $destination, $list

insert into tidegate.owed (
    destination, list, person, operation, identity, identifiers, traits, fingerprint,
    state, in_doubt, reason, detail, attempts, next_try, run_id
)
select
    $destination,
    $list,
    owed_now.person,
    owed_now.operation,
    owed_now.identity,
    owed_now.identifiers,
    owed_now.traits,
    owed_now.fingerprint,
    owed_now.state,
    owed_now.in_doubt,
    owed_now.reason,
    owed_now.detail,
    owed_now.attempts,
    owed_now.next_try,
    owed_now.run_id
from owed_now
