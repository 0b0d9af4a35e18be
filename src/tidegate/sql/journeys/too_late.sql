-- Whoever comes to a wait for a moment that is over leaves.
--
-- tables: timed (instance, deadline, past), endings
-- params: $node, $as_of

insert into endings (instance, node, reason, ended_at)
select
    timed.instance,
    $node as node,
    'expired' as reason,
    $as_of as ended_at
from timed
where timed.past
