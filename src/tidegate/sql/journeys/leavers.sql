-- Those who leave because of what became of the journey's versions.
--
-- tables: leavers, endings
-- params: $as_of

insert into endings (instance, node, reason, ended_at)
select
    leavers.instance,
    null as node,
    leavers.reason,
    $as_of as ended_at
from leavers
