-- A wait of a length: whatever clocks show meanwhile.
--
-- tables: here (instance, at), wait_ends
-- params: $seconds

insert into wait_ends
select
    here.instance,
    here.at + to_microseconds(cast($seconds * 1000000 as bigint)) as deadline,
    false as past
from here
