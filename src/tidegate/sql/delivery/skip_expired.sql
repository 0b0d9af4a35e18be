-- Messages that came too late to be worth sending.
--
-- tables: tidegate.outbox
-- params: $destination, $run_id, $as_of

update tidegate.outbox
set
    state = 'skipped',
    reason = 'expired',
    settled_run = $run_id,
    settled_at = $as_of
where
    outbox.destination = $destination
    and outbox.state = 'ready'
    and outbox.expires_at <= $as_of
returning outbox.message_key
