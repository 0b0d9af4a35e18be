-- Whether a message of these steps went later than it was planned.
--
-- tables: delayed
-- params: $steps

select 1
from delayed
where list_contains($steps, delayed.step)
limit 1
