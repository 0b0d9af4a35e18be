-- People of whom the destination may hold something else than we believe, because a call about them
-- ended without an answer: they are told again even where nothing differs.
--
-- tables: desired (person, fingerprint), tidegate.delivered, tidegate.owed, moves
-- params: $destination, $list

insert into moves
with

doubtful as (

    select distinct owed.person
    from tidegate.owed
    left join tidegate.delivered
        on
            owed.destination = delivered.destination
            and owed.list = delivered.list
            and owed.person = delivered.person
            and owed.identity = delivered.identity
    where
        owed.destination = $destination
        and owed.list = $list
        and owed.in_doubt
        and (owed.operation <> 'remove' or delivered.person is not null)

)

select
    $destination as destination,
    $list as list,
    desired.person,
    'update' as operation,
    desired.fingerprint,
    true as doubtful
from desired
where
    desired.person in (select doubtful.person from doubtful)
    and desired.person not in (
        select moves.person
        from moves
        where moves.destination = $destination and moves.list = $list
    )
