-- Messages into the outbox, each under its key; a key that is there already is not planned again.
--
-- tables: occasion (person, entry, context), tidegate.outbox
-- params: $source, $step, $message, $channels, $as_of, $expires_at, $priority, $run_id

insert into tidegate.outbox (
    message_key, source, person, entry, step, visit, message, channels, context,
    due_at, expires_at, priority, state, attempts, planned_run, planned_at
)
with

keyed as (

    select
        concat_ws(
            ':',
            replace(replace($source, '%', '%25'), ':', '%3A'),
            replace(replace(occasion.person, '%', '%25'), ':', '%3A'),
            replace(replace(occasion.entry, '%', '%25'), ':', '%3A'),
            $step,
            '1'
        ) as message_key,
        occasion.person,
        occasion.entry,
        occasion.context
    from occasion

)

select
    keyed.message_key,
    $source,
    keyed.person,
    keyed.entry,
    $step,
    1,
    $message,
    $channels,
    keyed.context,
    $as_of,
    $expires_at,
    $priority,
    'planned',
    0,
    $run_id,
    $as_of
from keyed
where keyed.message_key not in (
    select outbox.message_key
    from tidegate.outbox
    where outbox.source = $source
)
