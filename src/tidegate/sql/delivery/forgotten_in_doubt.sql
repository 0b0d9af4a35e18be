-- Messages that may have been sent so long ago that the destination would not know them again: it would send them
-- once more.
--
-- tables: tidegate.outbox, tidegate.attempts
-- params: $destination, $since, $run_id, $as_of

update tidegate.outbox
set
    state = 'unknown',
    settled_run = $run_id,
    settled_at = cast($as_of as timestamptz)
where
    outbox.destination = $destination
    and outbox.state = 'ready'
    and outbox.attempts > 0
    and outbox.message_key in (
        select attempts.message_key
        from tidegate.attempts
        where attempts.outcome = 'unknown' and attempts.claimed_at < $since
    )
