-- How many people who were inside went at least a step.
--
-- tables: arrived, newcomers
-- params: none

select count(distinct arrived.instance)
from arrived
where arrived.counted and arrived.instance not in (select newcomers.instance from newcomers)
