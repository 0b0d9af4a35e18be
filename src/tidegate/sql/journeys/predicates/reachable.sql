-- Whom a message would reach: a valid address that nobody said not to use.
--
-- tables: fitness
-- params: none

select fitness.message_key as person
from fitness
where fitness.reachable and not fitness.suppressed and not fitness.erased
