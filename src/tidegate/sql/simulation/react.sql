-- What people do with the messages of a run, as assumed: all are delivered, a share is opened and a smaller one
-- clicked, two hours later in the middle and three days later at most. Drawn from the message's key, so that the same
-- simulation has the same outcome, and a variant that sends the same message meets the same person in the same mood.
--
-- tables: tidegate.outbox, tidegate.feedback
-- params: $as_of, $run_id, $seed, $opens, $clicks, $opened_by (channels), $clicked_by (channels)

insert into tidegate.feedback (
    event_id, kind, happened_at, destination, channel, message_key, person, run_id, landed_at, applied_run
)
with

sent as (

    select
        outbox.message_key,
        outbox.destination,
        outbox.channel,
        outbox.person,
        cast('0x' || left(md5($seed || ':mood:' || outbox.message_key), 8) as ubigint) / 4294967296.0 as mood,
        cast('0x' || left(md5($seed || ':when:' || outbox.message_key), 8) as ubigint) / 4294967296.0 as moment
    from tidegate.outbox
    where outbox.settled_run = $run_id and outbox.state = 'accepted'

),

reactions as (

    select
        sent.*,
        'delivered' as kind,
        1 as seconds
    from sent
    union all
    select
        sent.*,
        'opened' as kind,
        60 + cast(least(259000, -10387 * ln(1 - sent.moment)) as integer) as seconds
    from sent
    where list_contains($opened_by, sent.channel) and sent.mood < greatest($opens, $clicks)
    union all
    select
        sent.*,
        'clicked' as kind,
        120 + cast(least(259000, -10387 * ln(1 - sent.moment)) as integer) as seconds
    from sent
    where list_contains($clicked_by, sent.channel) and sent.mood < $clicks

)

select
    'simulated:' || reactions.kind || ':' || reactions.message_key as event_id,
    reactions.kind,
    $as_of + reactions.seconds * interval '1 second' as happened_at,
    reactions.destination,
    reactions.channel,
    reactions.message_key,
    reactions.person,
    $run_id,
    $as_of,
    $run_id
from reactions
