-- Those who enter set out.
--
-- tables: newcomers, walkers
-- params: none

insert into walkers (instance, person, entry, entered_at, context, reached)
select
    newcomers.instance,
    newcomers.person,
    case
        when newcomers.entry_key = '' then cast(newcomers.rotation as varchar)
        when newcomers.rotation > 1 then newcomers.entry_key || '~' || cast(newcomers.rotation as varchar)
        else newcomers.entry_key
    end as entry,
    newcomers.entered_at,
    newcomers.context,
    0 as reached
from newcomers
