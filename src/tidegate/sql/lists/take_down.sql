-- Everybody whom a list holds, or may hold, is to be taken off it.
--
-- tables: tidegate.owed, tidegate.delivered
-- params: $destination, $list, $as_of, $run_id

insert into tidegate.owed (
    destination, list, person, operation, identity, identifiers, traits, state, in_doubt, reason, detail,
    attempts, next_try, run_id, job
)
with

known as (

    select
        delivered.person,
        delivered.identity,
        delivered.identifiers
    from tidegate.delivered
    where delivered.destination = $destination and delivered.list = $list
    union
    select
        owed_before.person,
        owed_before.identity,
        owed_before.identifiers
    from owed_before
    where owed_before.operation = 'remove' or owed_before.in_doubt

)

select
    $destination as destination,
    $list as list,
    known.person,
    'remove' as operation,
    known.identity,
    known.identifiers,
    '{}' as traits,
    case when owed_before.state = 'refused' and owed_before.next_try > $as_of then 'refused' else 'due' end as state,
    coalesce(owed_before.in_doubt, false) as in_doubt,
    owed_before.reason,
    owed_before.detail,
    coalesce(owed_before.attempts, 0) as attempts,
    coalesce(owed_before.next_try, $as_of) as next_try,
    coalesce(owed_before.run_id, $run_id) as run_id,
    owed_before.job
from known
left join owed_before
    on
        known.person = owed_before.person
        and known.identity = owed_before.identity
        and owed_before.operation = 'remove'
where known.person not in (
    select owed.person
    from tidegate.owed
    where owed.destination = $destination and owed.list = $list and owed.state = 'submitted'
)
