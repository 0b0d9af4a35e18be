-- How many messages each step plans.
--
-- tables: new_messages
-- params: none

select
    new_messages.step,
    count(*) as messages
from new_messages
group by new_messages.step
order by new_messages.step
