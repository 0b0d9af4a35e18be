-- When those go on who wait for a length of time, whatever clocks show meanwhile.
--
-- tables: here (instance, at)
-- params: $length

select
    here.instance,
    here.at + $length as deadline,
    false as past
from here
