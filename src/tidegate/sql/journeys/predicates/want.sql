-- Everybody who is asked about, as if they were to be told something that needs consent.
--
-- tables: asked (person), wants
-- params: $channel, $topic

insert into wants
select distinct
    asked.person as message_key,
    asked.person,
    $topic as topic,
    false as transactional,
    $channel as channel,
    cast(null as varchar) as destination,
    0 as position
from asked
