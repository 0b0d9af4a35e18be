-- A verdict for each message that may not go after all.
--
-- tables: skipped (message_key), tidegate.decisions
-- params: $run_id, $reason, $as_of

insert into tidegate.decisions (message_key, run_id, verdict, reason, until, decided_at)
select
    skipped.message_key,
    $run_id,
    'skip',
    $reason,
    null,
    $as_of
from skipped
