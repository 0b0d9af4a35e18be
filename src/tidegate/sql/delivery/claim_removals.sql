-- Claims rows that are due to be taken off a destination's lists. A removal waits while the same row of the
-- same person is still to be put there. Rows that this delivery had in its hands already ($delivery) are
-- left for the next.
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
        left join tidegate.owed as put
            on
                due.destination = put.destination
                and due.list = put.list
                and due.person = put.person
                and due.identity = put.identity
                and put.operation in ('add', 'update')
        where
            due.destination = $destination
            and due.state = 'due'
            and due.next_try <= $as_of
            and due.operation in ('leave', 'remove')
            and not coalesce(starts_with(due.claim, $delivery), false)
            and put.person is null
        limit $size
    )
