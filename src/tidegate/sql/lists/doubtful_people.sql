-- People of whom a list may hold something else than we believe, because a call about them, or about somebody
-- known there by the same identifier, ended without an answer.
--
-- tables: tidegate.delivered, tidegate.owed
-- params: $destination, $list, $by_person

create or replace temp table doubtful_people as
with

unanswered as (

    select
        owed.person,
        owed.operation,
        case when $by_person then owed.person else rtrim(split_part(owed.identifiers, '","', 1), '"}') end as known_by
    from tidegate.owed
    where owed.destination = $destination and owed.list = $list and owed.in_doubt

)

select unanswered.person
from unanswered
where unanswered.operation <> 'remove'
union
select delivered.person
from tidegate.delivered
where
    delivered.destination = $destination
    and delivered.list = $list
    and case
        when $by_person then delivered.person else rtrim(split_part(delivered.identifiers, '","', 1), '"}')
    end in (
        select unanswered.known_by
        from unanswered
        where unanswered.operation = 'remove'
    )
