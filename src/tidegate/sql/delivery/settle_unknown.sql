-- Messages that were unknown, and of which the destination has told what became of them.
--
-- tables: tidegate.outbox, judged (message_key, verdict, reason, detail, provider_id, after)
-- params: $destination, $run_id, $as_of

update tidegate.outbox
set
    state = judged.verdict,
    reason = nullif(judged.reason, ''),
    provider_id = judged.provider_id,
    settled_run = $run_id,
    settled_at = cast($as_of as timestamptz)
from judged
where
    outbox.destination = $destination
    and outbox.state = 'unknown'
    and outbox.message_key = judged.message_key
