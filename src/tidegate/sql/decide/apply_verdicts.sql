-- What the gate said becomes the state of the outbox: what is held stays planned.
--
-- tables: verdicts, tidegate.outbox
-- params: $as_of, $run_id

update tidegate.outbox
set
    state = case verdicts.verdict when 'send' then 'ready' when 'hold' then 'planned' else 'skipped' end,
    reason = verdicts.reason,
    held_until = case when verdicts.verdict = 'hold' then verdicts.until end,
    destination = verdicts.destination,
    channel = verdicts.channel,
    settled_run = case when verdicts.verdict = 'skip' then $run_id end,
    settled_at = case when verdicts.verdict = 'skip' then $as_of end
from verdicts
where outbox.message_key = verdicts.message_key
