-- Whoever comes to a wait for a moment that is over leaves.
--
-- tables: here, timed (instance, deadline, past), endings
-- params: $node, $as_of

insert into endings (instance, node, reason, ended_at)
select
    here.instance,
    $node as node,
    'expired' as reason,
    $as_of as ended_at
from here
inner join timed on here.instance = timed.instance
where timed.past
