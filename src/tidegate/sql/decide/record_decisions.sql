-- Each verdict other than send, with its reason.
--
-- tables: verdicts, tidegate.decisions
-- params: $as_of, $run_id

insert into tidegate.decisions
select
    verdicts.message_key,
    $run_id,
    verdicts.verdict,
    verdicts.reason,
    null,
    $as_of
from verdicts
where verdicts.verdict <> 'send'
