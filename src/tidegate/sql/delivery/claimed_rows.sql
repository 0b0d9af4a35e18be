-- The rows of a claim, list by list: what each is called in the journal, whose it is and what it carries.
--
-- tables: tidegate.owed
-- params: $claim, $lists (numbered in the journal's keys)

select
    (list_position(cast($lists as varchar[]), owed.list) - 1) || ':' || owed.identity || ':' || owed.person as row_key,
    owed.person,
    owed.identifiers,
    owed.traits
from tidegate.owed
where owed.claim = $claim and owed.state = 'claimed'
order by owed.list, owed.operation = 'remove', owed.job
