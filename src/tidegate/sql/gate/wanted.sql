-- Every way by which a waiting message may go, as `wants` of sql/gate/fitness.sql.
--
-- tables: waiting, routes

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
