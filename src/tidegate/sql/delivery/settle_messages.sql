-- What became of the messages of a claim. What may be tried again is planned again, later each time; what
-- was never started is planned as it was.
--
-- tables: tidegate.outbox, judged (message_key, verdict, reason, detail, provider_id, after)
-- params: $claim, $run_id, $as_of

update tidegate.outbox
set
    state = case when judged.verdict = 'retry' then 'planned' else judged.verdict end,
    reason = nullif(judged.reason, ''),
    provider_id = judged.provider_id,
    attempts = outbox.attempts + case when judged.reason = 'not_started' then 0 else 1 end,
    due_at = case
        when judged.verdict = 'retry' and judged.reason <> 'not_started'
            then
                cast($as_of as timestamptz)
                + greatest(coalesce(judged.after, 0), least(60 * power(2, least(outbox.attempts, 10)), 3600))
                * interval '1 second'
        else outbox.due_at
    end,
    claim = case when judged.verdict = 'retry' then null else outbox.claim end,
    settled_run = case when judged.verdict = 'retry' then null else $run_id end,
    settled_at = case when judged.verdict = 'retry' then null else cast($as_of as timestamptz) end
from judged
where
    outbox.claim = $claim
    and outbox.state = 'claimed'
    and outbox.message_key = judged.message_key
