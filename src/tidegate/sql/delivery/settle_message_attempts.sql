-- The attempts of a claim, with what came of them.
--
-- tables: tidegate.attempts, judged (message_key, verdict, reason, detail, provider_id, after)
-- params: $claim

update tidegate.attempts
set
    settled_at = now(),
    outcome = judged.verdict,
    provider_id = judged.provider_id,
    reason = nullif(judged.reason, ''),
    detail = nullif(judged.detail, '')
from judged
where
    attempts.claim = $claim
    and attempts.settled_at is null
    and attempts.message_key = judged.message_key
