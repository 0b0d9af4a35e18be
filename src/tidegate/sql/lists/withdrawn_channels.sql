-- The channels that somebody wants none of.
--
-- tables: list_withdrawals
-- params: none

select distinct list_withdrawals.channel
from list_withdrawals
