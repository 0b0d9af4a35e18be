-- When and where everybody begins to wait.
--
-- tables: here (instance, person, at), living, begun

insert into begun
select
    here.instance,
    here.at,
    living.zone,
    cast(floor(epoch(here.at) / 60) as bigint) as minute
from here
inner join living on here.person = living.person
