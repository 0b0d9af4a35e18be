-- Claims rows that are due to be put on a destination's lists. Rows that this delivery had in its hands
-- already ($delivery) are left for the next.
--
-- tables: tidegate.owed
-- params: $destination, $as_of, $delivery, $claim, $size

update tidegate.owed
set state = 'claimed', claim = $claim
where
    owed.destination = $destination
    and owed.state = 'due'
    and owed.operation in ('add', 'update')
    and owed.rowid in (
        select due.rowid
        from tidegate.owed as due
        where
            due.destination = $destination
            and due.state = 'due'
            and due.next_try <= $as_of
            and due.operation in ('add', 'update')
            and not coalesce(starts_with(due.claim, $delivery), false)
        limit $size
    )
