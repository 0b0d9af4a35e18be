-- Who was answered by the webhook of a step (way 0), and who will not be (way 1): refused, withheld, too late, or in
-- doubt for good. The moment is the clock of the run that settled the call.
--
-- tables: here, tidegate.outbox
-- params: $journey, $step

select
    here.instance,
    case outbox.state when 'accepted' then 0 else 1 end as way,
    outbox.settled_at as happened_at
from here
inner join tidegate.outbox on here.instance = outbox.instance
where
    outbox.source = $journey
    and outbox.step = $step
    and outbox.state in ('accepted', 'rejected', 'skipped', 'unknown')
