-- Claims rows that are due to be put on a destination's lists, or those of its objects alone. Rows that this
-- delivery had in its hands already ($delivery) are left for the next.
--
-- tables: tidegate.owed, tidegate.lists
-- params: $destination, $as_of, $delivery, $claim, $size, $objects (whether only those of objects)

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
            and (
                not cast($objects as boolean)
                or due.list in (
                    select lists.list
                    from tidegate.lists
                    where lists.destination = $destination and lists.mode = 'object'
                )
            )
        limit $size
    )
