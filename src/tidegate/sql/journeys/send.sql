-- A message to everybody who came to a step, due at the moment at which they came. Whoever has it already, from an
-- older version, does not get it again.
--
-- tables: arrived, walkers, new_messages, tidegate.outbox
-- params: $node, $step, $message, $channels, $expires_after, $priority, $answers

insert into new_messages (
    instance, person, entry, step, message, channels, context, due_at, expires_at, priority, answers
)
select
    arrived.instance,
    walkers.person,
    walkers.entry,
    $step as step,
    $message as message,
    $channels as channels,
    walkers.context,
    arrived.at as due_at,
    arrived.at + $expires_after as expires_at,
    $priority as priority,
    $answers as answers
from arrived
inner join walkers on arrived.instance = walkers.instance
where
    arrived.node = $node
    and not exists (
        select 1
        from tidegate.outbox
        where outbox.instance = arrived.instance and outbox.step = $step
    )
