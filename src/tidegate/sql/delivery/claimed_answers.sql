-- What webhooks have answered so far to those who are written to: for messages of a claim that belong to a walk, the
-- answers that earlier steps of the walk got.
--
-- tables: tidegate.outbox, tidegate.answers
-- params: $claim

select
    claimed.message_key,
    asked.step,
    answers.body
from tidegate.outbox as claimed
inner join tidegate.outbox as asked on claimed.instance = asked.instance and asked.answers
inner join tidegate.answers on asked.message_key = answers.message_key
where claimed.claim = $claim and claimed.state = 'claimed' and answers.body is not null
