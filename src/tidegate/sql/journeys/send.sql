-- A message to everybody who came to a step, due at the moment at which they came. Whoever has one of its key already
-- does not get it again: from an older version, or from a walk whose entry was called the same.
--
-- tables: arrived, walkers, new_messages, tidegate.outbox
-- params: $journey, $node, $step, $message, $channels, $expires_after, $priority, $answers

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
        where
            outbox.source = $journey
            and outbox.step = $step
            and outbox.person = walkers.person
            and outbox.entry = walkers.entry
    )
