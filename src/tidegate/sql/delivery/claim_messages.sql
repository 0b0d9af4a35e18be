-- Claims the most urgent messages that are ready for a destination.
--
-- tables: tidegate.outbox
-- params: $destination, $claim, $size

update tidegate.outbox
set state = 'claimed', claim = $claim
where
    outbox.destination = $destination
    and outbox.state = 'ready'
    and outbox.rowid in (
        select urgent.rowid
        from tidegate.outbox as urgent
        where urgent.destination = $destination and urgent.state = 'ready'
        order by urgent.priority desc, urgent.due_at asc, urgent.message_key asc
        limit $size
    )
