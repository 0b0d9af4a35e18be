-- Claims rows that are due at a destination: with $removing those to take away, without it those to put
-- there. A removal waits while the same row of the same person is still to be put on the list.
-- Rows that this delivery had in its hands already ($delivery) are left for the next.
--
-- tables: tidegate.owed
-- params: $destination, $as_of, $delivery, $removing, $claim, $size

update tidegate.owed
set state = 'claimed', claim = $claim
where
    owed.destination = $destination
    and owed.state = 'due'
    and owed.next_try <= $as_of
    and (owed.operation in ('leave', 'remove')) = $removing
    and (owed.list, owed.person, owed.identity) in (
        select (due.list, due.person, due.identity)
        from tidegate.owed as due
        left join tidegate.owed as put
            on
                $removing
                and put.operation in ('add', 'update')
                and due.destination = put.destination
                and due.list = put.list
                and due.person = put.person
                and due.identity = put.identity
        where
            due.destination = $destination
            and due.state = 'due'
            and due.next_try <= $as_of
            and (due.operation in ('leave', 'remove')) = $removing
            and not coalesce(starts_with(due.claim, $delivery), false)
            and put.person is null
        limit $size
    )
