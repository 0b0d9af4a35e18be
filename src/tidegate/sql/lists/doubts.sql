-- People of whom the destination may hold something else than we believe, because a call about them
-- ended without an answer: they are told again even where nothing differs.
--
-- tables: desired (person, fingerprint), tidegate.delivered, tidegate.owed, moves
-- params: $destination, $list

insert into moves
with

unanswered as (

    select
        owed.person,
        owed.identity,
        owed.operation
    from tidegate.owed
    where owed.destination = $destination and owed.list = $list and owed.in_doubt

),

-- a removal without an answer is about everybody who has those identifiers
doubtful as (

    select unanswered.person
    from unanswered
    where unanswered.operation <> 'remove'
    union
    select delivered.person
    from tidegate.delivered
    where
        delivered.destination = $destination
        and delivered.list = $list
        and delivered.identity in (
            select unanswered.identity
            from unanswered
            where unanswered.operation = 'remove'
        )

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
