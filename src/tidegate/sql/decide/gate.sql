-- The gate: for each waiting message the first channel that may carry it, or the reason why none may.
-- A message without a topic that consent covers (`transactional`) asks for no consent.
--
-- tables: waiting, routes, addresses (person, channel, reachable, consented), verdicts

insert into verdicts
with

offers as (

    select
        waiting.message_key,
        routes.position,
        routes.destination,
        routes.channel,
        coalesce(addresses.reachable, false) as reachable,
        waiting.transactional or coalesce(addresses.consented, false) as consented
    from waiting
    inner join routes on waiting.channels = routes.channels
    left join addresses on waiting.person = addresses.person and routes.channel = addresses.channel

),

best as (

    select
        offers.message_key,
        min(offers.position) filter (where offers.reachable and offers.consented) as position,
        bool_or(offers.reachable) as reachable
    from offers
    group by offers.message_key

),

judged as (

    select
        waiting.message_key,
        waiting.source,
        case
            when waiting.orphaned then 'no_audience'
            when waiting.expired then 'expired'
            when waiting.has_left then 'left_segment'
            when best.position is null and best.reachable then 'no_consent'
            when best.position is null then 'unreachable'
        end as reason,
        best.position
    from waiting
    left join best on waiting.message_key = best.message_key

)

select
    judged.message_key,
    judged.source,
    case when judged.reason is null then 'send' else 'skip' end as verdict,
    judged.reason,
    case when judged.reason is null then offers.destination end as destination,
    case when judged.reason is null then offers.channel end as channel
from judged
left join offers on judged.message_key = offers.message_key and judged.position = offers.position
