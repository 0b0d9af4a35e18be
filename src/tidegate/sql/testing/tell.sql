-- Messages that the gate let go.
--
-- tables: tidegate.outbox, given_messages (registered: message_key, person, number)
-- params: $destination, $channel, $as_of, $expires_at, $run_id

insert into tidegate.outbox (
    message_key, source, person, entry, step, visit, message, channels, channel, destination, context, due_at,
    expires_at, priority, state, attempts, planned_run, planned_at
)
select
    given_messages.message_key,
    'testing',
    given_messages.person,
    '1',
    'send',
    1,
    'testing',
    '[]',
    $channel,
    $destination,
    '{"number":' || given_messages.number || '}',
    $as_of,
    $expires_at,
    0,
    'ready',
    0,
    $run_id,
    $as_of
from given_messages
