-- What is owed to a list from now on:
--   1. what this run plans, with the attempts that the same row has behind it, and in doubt for as long as any row
--      of the person under the same identifiers is, whatever its fields;
--   2. removals of identifiers that a person once had there, until the destination confirms them;
--   3. rows that a call may have put there and that nobody wants: they are removed.
-- A row that was refused stays refused until its next try is due.
--
-- tables: tidegate.owed, owed_before, tidegate.delivered, planned_rows
-- params: $destination, $list, $as_of, $run_id, $removes

insert into tidegate.owed (
    destination, list, person, operation, identity, identifiers, traits, fingerprint,
    state, in_doubt, reason, detail, attempts, next_try, run_id, job
)
with

before as (

    select *
    from owed_before

),

doubted as (

    select distinct
        before.person,
        before.identity
    from before
    where before.in_doubt

),

held as (

    select
        delivered.person,
        delivered.identity
    from tidegate.delivered
    where
        delivered.destination = $destination
        and delivered.list = $list
        and delivered.person in (select before.person from before)

),

planned as (

    select *
    from planned_rows
    where
        planned_rows.destination = $destination
        and planned_rows.list = $list
        and planned_rows.operation not in ('refresh', 'keep')

),

from_plan as (

    select
        planned.person,
        planned.operation,
        planned.identity,
        planned.identifiers,
        planned.traits,
        planned.fingerprint,
        case
            when planned.operation = 'unusable' then 'refused'
            when before.state = 'refused' and before.next_try > $as_of then 'refused'
            else 'due'
        end as state,
        doubted.person is not null as in_doubt,
        case when planned.operation = 'unusable' then 'no_identifier' else before.reason end as reason,
        before.detail,
        coalesce(before.attempts, 0) as attempts,
        coalesce(before.next_try, $as_of) as next_try,
        coalesce(before.run_id, $run_id) as run_id,
        before.job
    from planned
    left join before
        on
            planned.person = before.person
            and planned.identity = before.identity
            and planned.traits = before.traits
            and (planned.operation = 'remove') = (before.operation = 'remove')
    left join doubted
        on planned.person = doubted.person and planned.identity = doubted.identity

),

left_over as (

    select
        before.person,
        'remove' as operation,
        before.identity,
        before.identifiers,
        '{}' as traits,
        null as fingerprint,
        case
            when before.operation = 'remove' and before.state = 'refused' and before.next_try > $as_of
                then 'refused'
            else 'due'
        end as state,
        before.in_doubt,
        before.reason,
        before.detail,
        before.attempts,
        before.next_try,
        before.run_id,
        before.job
    from before
    left join held on before.person = held.person and before.identity = held.identity
    left join planned on before.person = planned.person and before.identity = planned.identity
    where
        held.person is null
        and planned.person is null
        and (before.operation = 'remove' or (before.in_doubt and $removes))

)

select
    $destination as destination,
    $list as list,
    *
from from_plan
union all
select
    $destination as destination,
    $list as list,
    *
from left_over
