-- Whoever a rule holds for leaves, wherever they stand.
--
-- tables: chosen (instance), endings
-- params: $reason, $as_of

insert into endings (instance, node, reason, ended_at)
select
    chosen.instance,
    null as node,
    $reason as reason,
    $as_of as ended_at
from chosen
