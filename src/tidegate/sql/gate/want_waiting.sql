-- Every way by which a waiting message may go.
--
-- tables: waiting, routes, wants

insert into wants
select
    waiting.message_key,
    waiting.person,
    waiting.topic,
    waiting.transactional,
    routes.channel,
    routes.destination,
    routes.position
from waiting
inner join routes on waiting.channels = routes.channels
