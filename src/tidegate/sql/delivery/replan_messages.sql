-- Messages of a claim that may be sent again are planned again, later each time; what was never started is
-- planned as it was.
--
-- tables: tidegate.outbox, judged (message_key, reason, after, again)
-- params: $claim, $as_of

update tidegate.outbox
set
    state = 'planned',
    reason = case when judged.reason = 'not_started' then outbox.reason else nullif(judged.reason, '') end,
    attempts = outbox.attempts + case when judged.reason = 'not_started' then 0 else 1 end,
    due_at = case
        when judged.reason = 'not_started' then outbox.due_at
        else
            cast($as_of as timestamptz)
            + greatest(coalesce(judged.after, 0), least(60 * power(2, least(outbox.attempts, 10)), 3600))
            * interval '1 second'
    end,
    claim = null
from judged
where
    outbox.claim = $claim
    and outbox.state = 'claimed'
    and judged.again
    and outbox.message_key = judged.message_key
