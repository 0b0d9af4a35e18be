-- What the people model says of everybody who is asked about.
--
-- tables: found (person, channel, address, reachable, agreed, dated, agreed_at), addresses

insert into addresses
select
    found.person,
    found.channel,
    found.address,
    found.reachable,
    found.agreed,
    found.dated,
    found.agreed_at
from found
