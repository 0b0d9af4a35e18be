-- Claims rows that are due to be taken off a destination's lists. A removal waits while somebody whom the platform
-- knows by the same (the first identifier, or the person's key) is still to be put there, or is judged later: only
-- once that is accepted is it known whose it is. Rows that this delivery had in its hands already ($delivery) are
-- left for the next.
--
-- tables: tidegate.owed, tidegate.lists
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
            and (
                due.list,
                case
                    when due.list in (
                        select lists.list
                        from tidegate.lists
                        where lists.destination = $destination and lists.keyed_by = 'person'
                    ) then due.person
                    else rtrim(split_part(due.identifiers, '","', 1), '"}')
                end
            ) not in (
                select (
                    put.list,
                    case
                        when lists.keyed_by = 'person' then put.person
                        else rtrim(split_part(put.identifiers, '","', 1), '"}')
                    end
                )
                from tidegate.owed as put
                left join tidegate.lists
                    on put.destination = lists.destination and put.list = lists.list
                where put.destination = $destination and put.operation in ('add', 'update')
            )
        limit $size
    )
