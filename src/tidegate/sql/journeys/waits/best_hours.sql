-- The hour that everybody who begins to wait waits for.
--
-- tables: begun, own_hours, best_hours

insert into best_hours
select
    begun.instance,
    begun.at,
    begun.zone,
    begun.minute,
    own_hours.hour
from begun
inner join own_hours on begun.instance = own_hours.instance
