-- Claimed messages to people whose address is no longer there.
--
-- tables: tidegate.outbox, unreachable (message_key)
-- params: $claim, $run_id, $as_of

update tidegate.outbox
set
    state = 'skipped',
    reason = 'unreachable',
    claim = null,
    settled_run = $run_id,
    settled_at = $as_of
where
    outbox.claim = $claim
    and outbox.message_key in (select unreachable.message_key from unreachable)
