-- What became of the messages that one step of a journey sent.
--
-- tables: tidegate.outbox, tidegate.feedback
-- params: $journey, $step, $kind

select
    outbox.instance,
    feedback.happened_at
from tidegate.feedback
inner join tidegate.outbox on feedback.message_key = outbox.message_key
where
    feedback.kind = $kind
    and outbox.source = $journey
    and outbox.step = $step
    and outbox.instance is not null
