-- Events by how often they happened, the seldom ones first.
--
-- tables: counted (name, times)
-- params: none

select
    counted.name,
    counted.times
from counted
order by counted.times, counted.name
