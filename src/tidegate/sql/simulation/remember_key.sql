-- The key under which the warehouse keeps addresses: without it nobody is recognised.
--
-- tables: recorded (tidegate.address_key of the warehouse), tidegate.address_key

insert into tidegate.address_key by name
select recorded.*
from recorded
where not exists (select 1 from tidegate.address_key)
