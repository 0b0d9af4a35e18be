-- Claimed messages to people who may not be written to any more, or whose address is no longer there.
--
-- tables: tidegate.outbox, unfit (message_key)
-- params: $claim, $run_id, $as_of, $reason

update tidegate.outbox
set
    state = 'skipped',
    reason = $reason,
    claim = null,
    settled_run = $run_id,
    settled_at = $as_of
where
    outbox.claim = $claim
    and outbox.message_key in (select unfit.message_key from unfit)
