-- Of these people, those who are not in the segment.
--
-- tables: here, entry (person)
-- params: none

select here.instance
from here
where here.person not in (
    select entry.person
    from entry
    where entry.person is not null
)
