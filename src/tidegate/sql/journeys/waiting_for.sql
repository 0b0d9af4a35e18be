-- Of whom a message has not gone yet that a wait is about.
--
-- tables: unsent
-- params: $steps

create or replace temp table waiting_for as
select distinct unsent.instance
from unsent
where list_contains($steps, unsent.step)
