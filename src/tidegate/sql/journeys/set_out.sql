-- Everybody who leaves where they stood.
--
-- tables: inside, arrived, walkers
-- params: $journey

insert into walkers (instance, person, entry, entered_at, context, reached)
select
    inside.instance,
    inside.person,
    case
        when inside.entry_key = '' then cast(inside.rotation as varchar)
        when inside.rotation > 1 then inside.entry_key || '~' || cast(inside.rotation as varchar)
        else inside.entry_key
    end as entry,
    inside.entered_at,
    inside.context,
    inside.reached
from inside
where
    inside.journey = $journey
    and inside.instance in (select arrived.instance from arrived)
