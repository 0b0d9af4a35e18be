-- Whether a message waits of anybody who has been through the journey.
--
-- tables: lingering
-- params: none

select 1
from lingering
limit 1
