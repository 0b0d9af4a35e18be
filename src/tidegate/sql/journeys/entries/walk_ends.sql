-- Whose walk ends in this run, and when by their own time: those who leave, and those who come to the end.
--
-- tables: endings, arrived, walk_ends
-- params: none

insert into walk_ends
select
    endings.instance,
    endings.ended_at
from endings

union all

select
    arrived.instance,
    arrived.at as ended_at
from arrived
where arrived.node = 0
