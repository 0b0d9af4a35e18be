-- These people get nothing more of the journey.
--
-- tables: chosen (instance), withdrawn
-- params: none

insert into withdrawn (instance)
select chosen.instance
from chosen
