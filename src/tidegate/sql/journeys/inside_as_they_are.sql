-- Everybody who is inside, where nobody leaves or moves over because of a new version.
--
-- tables: tidegate.instances
-- params: none

select
    instances.instance,
    instances.journey,
    instances.person,
    instances.entry_key,
    instances.rotation,
    instances.version,
    instances.step,
    instances.entered_at,
    instances.step_entered_at,
    instances.deadline,
    instances.waits_from,
    instances.reached,
    instances.context,
    false as migrates
from tidegate.instances
where instances.status = 'active'
