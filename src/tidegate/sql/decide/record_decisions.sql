-- Each verdict other than send, with its reason; a hold that an earlier run recorded is not told again.
--
-- tables: verdicts, tidegate.outbox, tidegate.decisions
-- params: $as_of, $run_id

insert into tidegate.decisions
select
    verdicts.message_key,
    $run_id,
    verdicts.verdict,
    verdicts.reason,
    verdicts.until,
    $as_of
from verdicts
where
    verdicts.verdict = 'skip'
    or (
        verdicts.verdict = 'hold'
        and not exists (
            select 1
            from tidegate.outbox
            where
                outbox.message_key = verdicts.message_key
                and outbox.reason = verdicts.reason
                and outbox.held_until = verdicts.until
        )
    )
