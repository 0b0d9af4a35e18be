-- Rows to take away whose identifiers belong to somebody else on that list by now (an address that moved
-- from one person to another): taking them away would take the other person's row. Another person who is
-- leaving with the same identifiers is no reason to keep them.
--
-- tables: tidegate.owed, tidegate.delivered
-- params: $destination, $as_of

create or replace temporary table moved_rows as
with

leaving as (

    select
        owed.list,
        owed.person,
        owed.identity,
        owed.state = 'due' and owed.next_try <= $as_of as is_due
    from tidegate.owed
    where owed.destination = $destination and owed.operation in ('leave', 'remove')

),

wanted as (

    select
        owed.list,
        owed.person,
        owed.identity
    from tidegate.owed
    where owed.destination = $destination and owed.operation in ('add', 'update')
    union all
    select
        delivered.list,
        delivered.person,
        delivered.identity
    from tidegate.delivered
    where
        delivered.destination = $destination
        and delivered.identity in (select leaving.identity from leaving where leaving.is_due)

),

staying as (

    select
        wanted.list,
        wanted.person,
        wanted.identity
    from wanted
    left join leaving
        on
            wanted.list = leaving.list
            and wanted.person = leaving.person
            and wanted.identity = leaving.identity
    where leaving.person is null

)

select distinct
    leaving.list,
    leaving.person,
    leaving.identity
from leaving
inner join staying
    on
        leaving.list = staying.list
        and leaving.identity = staying.identity
        and leaving.person <> staying.person
where leaving.is_due
