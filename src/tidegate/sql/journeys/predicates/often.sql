-- Who did it at least so often.
--
-- tables: pairs (instance)
-- params: $at_least

select pairs.instance
from pairs
group by pairs.instance
having count(*) >= $at_least
