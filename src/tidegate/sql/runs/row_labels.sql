-- Whose the identifiers are that lists are about to get; a sandbox's page needs no more than this many.
--
-- tables: tidegate.owed

select
    owed.person,
    owed.identifiers
from tidegate.owed
where owed.state = 'due' and owed.operation in ('add', 'update')
limit 100000
