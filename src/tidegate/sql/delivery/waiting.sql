-- What a destination has waiting: messages ready to go, rows to add or update, rows to take away.
--
-- tables: tidegate.outbox, tidegate.owed
-- params: $destination, $as_of, $delivery

select
    (
        select count(*)
        from tidegate.outbox
        where outbox.destination = $destination and outbox.state = 'ready'
    ) as messages,
    count(*) filter (where owed.operation in ('add', 'update')) as puts,
    count(*) filter (where owed.operation in ('leave', 'remove')) as removals
from tidegate.owed
where
    owed.destination = $destination
    and owed.state = 'due'
    and owed.next_try <= $as_of
    and not coalesce(starts_with(owed.claim, $delivery), false)
