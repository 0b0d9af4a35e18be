-- Everybody who is asked about, as if they were to be told something that needs consent. Whoever walks twice is asked
-- about twice: that costs less than to see to it that they are not.
--
-- tables: asked (person), wants
-- params: $channel, $topic

insert into wants
select
    asked.person as message_key,
    asked.person,
    $topic as topic,
    false as transactional,
    $channel as channel,
    cast(null as varchar) as destination,
    0 as position
from asked
