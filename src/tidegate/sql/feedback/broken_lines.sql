-- What is wrong with which lines.
--
-- tables: read_events

select
    line,
    problem
from read_events
where problem is not null
