-- The rows of a claim, by what tells them apart.
--
-- tables: tidegate.owed
-- params: $claim

select
    owed.list,
    owed.identity,
    owed.person
from tidegate.owed
where owed.claim = $claim and owed.state = 'claimed'
order by owed.list, owed.person, owed.identity
