-- What became of the messages of a claim, once and for all.
--
-- tables: tidegate.outbox, judged (message_key, verdict, reason, provider_id, again)
-- params: $claim, $run_id, $as_of

update tidegate.outbox
set
    state = judged.verdict,
    reason = nullif(judged.reason, ''),
    provider_id = judged.provider_id,
    attempts = outbox.attempts + 1,
    settled_run = $run_id,
    settled_at = cast($as_of as timestamptz)
from judged
where
    outbox.claim = $claim
    and outbox.state = 'claimed'
    and not judged.again
    and outbox.message_key = judged.message_key
