-- What the gate said becomes the state of the outbox.
--
-- tables: verdicts, tidegate.outbox
-- params: $as_of, $run_id

update tidegate.outbox
set
    state = case when verdicts.verdict = 'send' then 'ready' else 'skipped' end,
    reason = verdicts.reason,
    destination = verdicts.destination,
    channel = verdicts.channel,
    settled_run = case when verdicts.verdict = 'send' then null else $run_id end,
    settled_at = case when verdicts.verdict = 'send' then null else $as_of end
from verdicts
where outbox.message_key = verdicts.message_key
