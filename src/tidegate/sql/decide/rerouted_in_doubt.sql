-- Messages that an earlier call may have sent by one destination, and that the gate would now send by another: only the
-- first knows them again, so nobody knows whether they went.
--
-- tables: tidegate.outbox, tidegate.attempts
-- params: $run_id, $as_of

update tidegate.outbox
set
    state = 'unknown',
    settled_run = $run_id,
    settled_at = cast($as_of as timestamptz)
where
    outbox.state = 'ready'
    and outbox.attempts > 0
    and exists (
        select 1
        from tidegate.attempts
        where
            attempts.message_key = outbox.message_key
            and attempts.outcome = 'unknown'
            and attempts.destination <> outbox.destination
    )
