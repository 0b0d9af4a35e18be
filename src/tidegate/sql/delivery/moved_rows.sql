-- Rows to take away whose identifiers the list holds for somebody else by now (an address that moved from
-- one person to another): taking them away would take the other person's row. Another person who is leaving
-- with the same identifiers is no reason to keep them. Platforms know a row by its first identifier, so that
-- is what is compared; where they know it by the person's key, a person who is there under other identifiers stays.
--
-- tables: tidegate.owed, tidegate.delivered, tidegate.lists
-- params: $destination, $as_of

create or replace temporary table moved_rows as
with

by_person as (

    select lists.list
    from tidegate.lists
    where lists.destination = $destination and lists.keyed_by = 'person'

),

leaving as (

    select
        owed.list,
        owed.person,
        owed.identity,
        case
            when owed.list in (select by_person.list from by_person) then owed.person
            else rtrim(split_part(owed.identifiers, '","', 1), '"}')
        end as known_by,
        owed.state = 'due' and owed.next_try <= $as_of as is_due
    from tidegate.owed
    where owed.destination = $destination and owed.operation in ('leave', 'remove')

),

held as (

    select
        delivered.list,
        delivered.person,
        delivered.identity,
        case
            when delivered.list in (select by_person.list from by_person) then delivered.person
            else rtrim(split_part(delivered.identifiers, '","', 1), '"}')
        end as known_by
    from tidegate.delivered
    where
        delivered.destination = $destination
        and case
            when delivered.list in (select by_person.list from by_person) then delivered.person
            else rtrim(split_part(delivered.identifiers, '","', 1), '"}')
        end in (
            select leaving.known_by
            from leaving
            where leaving.is_due
        )

),

staying as (

    select
        held.list,
        held.known_by
    from held
    left join leaving
        on
            held.list = leaving.list
            and held.person = leaving.person
            and held.identity = leaving.identity
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
        and leaving.known_by = staying.known_by
where leaving.is_due
