-- Webhooks that were sent are taken for answered, without a word.
--
-- tables: tidegate.outbox, tidegate.answers
-- params: $as_of, $run_id

insert into tidegate.answers (message_key, answered_at, body)
select
    outbox.message_key,
    $as_of,
    null
from tidegate.outbox
where
    outbox.settled_run = $run_id
    and outbox.state = 'accepted'
    and outbox.answers
