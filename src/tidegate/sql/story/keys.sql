-- Every key that the state has met, for when there is no address book to ask.
--
-- tables: tidegate.stays, tidegate.outbox, tidegate.consents, tidegate.instances
-- params: none

select person
from tidegate.stays
union
select person
from tidegate.outbox
union
select person
from tidegate.instances
union
select person
from tidegate.consents
where person is not null
