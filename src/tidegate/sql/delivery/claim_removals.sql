-- Claims rows that are due to be taken off a destination's lists. A removal waits while the same identifiers
-- are still to be put there, for whomever: only once that is accepted is it known whose they are. Rows that
-- this delivery had in its hands already ($delivery) are left for the next.
--
-- tables: tidegate.owed
-- params: $destination, $as_of, $delivery, $claim, $size

update tidegate.owed
set state = 'claimed', claim = $claim
where
    owed.destination = $destination
    and owed.state = 'due'
    and owed.operation in ('leave', 'remove')
    and (owed.list, owed.person, owed.identity) in (
        select (due.list, due.person, due.identity)
        from tidegate.owed as due
        where
            due.destination = $destination
            and due.state = 'due'
            and due.next_try <= $as_of
            and due.operation in ('leave', 'remove')
            and not coalesce(starts_with(due.claim, $delivery), false)
            and (due.list, due.identity) not in (
                select (put.list, put.identity)
                from tidegate.owed as put
                where put.destination = $destination and put.operation in ('add', 'update')
            )
        limit $size
    )
