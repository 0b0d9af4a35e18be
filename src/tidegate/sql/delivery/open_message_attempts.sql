-- An attempt for each message of a claim, under way.
--
-- tables: tidegate.outbox, tidegate.attempts
-- params: $claim, $run_id

insert into tidegate.attempts (message_key, destination, claim, attempt, rows, run_id, claimed_at)
select
    outbox.message_key,
    outbox.destination,
    outbox.claim,
    outbox.attempts + 1,
    1,
    $run_id,
    now()
from tidegate.outbox
where outbox.claim = $claim and outbox.state = 'claimed'
