-- Who agreed to be told.
--
-- tables: fitness
-- params: none

select fitness.message_key as person
from fitness
where fitness.consented
