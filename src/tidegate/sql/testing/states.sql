-- How many messages came to what.
--
-- tables: tidegate.outbox
-- params: none

select
    outbox.state,
    count(*) as messages
from tidegate.outbox
group by outbox.state
