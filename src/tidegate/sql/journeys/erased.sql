-- Of these people, those who were erased.
--
-- tables: here, tidegate.suppressions
-- params: none

select here.instance
from here
where tidegate.address_hash('person', here.person) in (
    select suppressions.address_hash
    from tidegate.suppressions
    where suppressions.channel = 'person' and suppressions.reason = 'erased' and suppressions.lifted_at is null
)
