-- The rows of a claim, list by list, with the mode of each list and how it is written.
--
-- tables: tidegate.owed, tidegate.lists
-- params: $claim

select
    owed.list,
    coalesce(lists.mode, 'list') as mode,
    owed.operation = 'remove' as removing,
    owed.person,
    owed.identity,
    owed.identifiers,
    owed.traits,
    coalesce(lists.write, 'upsert') as write
from tidegate.owed
left join tidegate.lists
    on owed.destination = lists.destination and owed.list = lists.list
where owed.claim = $claim and owed.state = 'claimed'
order by owed.list, removing
