-- A list that took a person under new identifiers still holds the old ones: their removal is owed.
--
-- tables: settling_rows, tidegate.delivered, tidegate.owed
-- params: $run_id, $as_of

insert into tidegate.owed (
    destination, list, person, operation, identity, identifiers, traits, state, in_doubt, attempts, next_try, run_id
)
select
    delivered.destination,
    delivered.list,
    delivered.person,
    'remove',
    delivered.identity,
    delivered.identifiers,
    '{}',
    'due',
    false,
    0,
    $as_of,
    $run_id
from settling_rows
inner join tidegate.delivered
    on
        settling_rows.destination = delivered.destination
        and settling_rows.list = delivered.list
        and settling_rows.person = delivered.person
left join tidegate.owed
    on
        delivered.destination = owed.destination
        and delivered.list = owed.list
        and delivered.person = owed.person
        and delivered.identity = owed.identity
        and owed.operation = 'remove'
where
    settling_rows.verdict = 'accepted'
    and settling_rows.operation in ('add', 'update')
    and settling_rows.mode = 'list'
    and settling_rows.identity <> delivered.identity
    and owed.person is null
