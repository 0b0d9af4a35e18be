-- The messages of a journey's steps, each under its key.
--
-- tables: new_messages, tidegate.outbox
-- params: $journey, $as_of, $run_id

insert into tidegate.outbox (
    message_key, source, person, entry, step, visit, message, channels, context,
    due_at, expires_at, priority, state, attempts, planned_run, planned_at, instance, answers
)
select
    concat_ws(
        ':',
        replace(replace($journey, '%', '%25'), ':', '%3A'),
        replace(replace(new_messages.person, '%', '%25'), ':', '%3A'),
        replace(replace(new_messages.entry, '%', '%25'), ':', '%3A'),
        replace(replace(new_messages.step, '%', '%25'), ':', '%3A'),
        '1'
    ) as message_key,
    $journey as source,
    new_messages.person,
    new_messages.entry,
    new_messages.step,
    1 as visit,
    new_messages.message,
    new_messages.channels,
    new_messages.context,
    new_messages.due_at,
    new_messages.expires_at,
    new_messages.priority,
    'planned' as state,
    0 as attempts,
    $run_id as planned_run,
    $as_of as planned_at,
    new_messages.instance,
    new_messages.answers
from new_messages
