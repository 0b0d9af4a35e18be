-- The answers to the messages of a claim for which they are waited. What was no JSON object is null.
--
-- tables: tidegate.outbox, tidegate.answers, judged (message_key, verdict, answer)
-- params: $claim, $as_of

insert into tidegate.answers (message_key, answered_at, body)
select
    judged.message_key,
    $as_of as answered_at,
    nullif(judged.answer, 'null') as body
from judged
inner join tidegate.outbox on judged.message_key = outbox.message_key
where
    outbox.claim = $claim
    and outbox.answers
    and outbox.state = 'accepted'
    and judged.verdict = 'accepted'
    and judged.answer is not null
    and judged.message_key not in (select answers.message_key from tidegate.answers)
