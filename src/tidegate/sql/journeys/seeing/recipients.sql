-- To whom a step sent, or did not: the newest first. Addresses are there where somebody asked for them.
--
-- tables: tidegate.outbox, tidegate.feedback, tidegate.instances, addresses (person, channel, address)
-- params: $journey, $step, $by (null: all), $version (null: all versions), $most

with

chosen as (

    select
        outbox.message_key,
        outbox.person,
        outbox.state,
        outbox.channel,
        outbox.destination,
        outbox.reason,
        outbox.due_at,
        outbox.planned_at,
        outbox.settled_at,
        outbox.held_until
    from tidegate.outbox as outbox
    left join tidegate.instances as instances on outbox.instance = instances.instance
    where
        outbox.source = $journey
        and outbox.step = $step
        and ($by is null or outbox.channel = $by or outbox.destination = $by)
        and ($version is null or instances.version = $version)
    order by coalesce(outbox.settled_at, outbox.planned_at) desc, outbox.message_key
    limit $most

),

reported as (

    select
        chosen.message_key,
        min(feedback.happened_at) filter (where feedback.kind = 'delivered') as delivered_at,
        min(feedback.happened_at) filter (where feedback.kind = 'opened') as opened_at,
        min(feedback.happened_at) filter (where feedback.kind = 'clicked') as clicked_at
    from chosen
    inner join tidegate.feedback as feedback on chosen.message_key = feedback.message_key
    group by chosen.message_key

)

select
    chosen.person,
    case
        when chosen.state = 'accepted' then 'sent'
        when chosen.state = 'skipped' then 'withheld'
        when chosen.state = 'planned' and chosen.held_until is not null then 'held'
        else chosen.state
    end as state,
    chosen.channel,
    chosen.destination,
    chosen.reason,
    chosen.planned_at,
    case when chosen.state = 'accepted' then chosen.settled_at end as sent_at,
    reported.delivered_at,
    reported.opened_at,
    reported.clicked_at,
    case when chosen.state = 'planned' then chosen.held_until end as held_until,
    addresses.address
from chosen
left join reported on chosen.message_key = reported.message_key
left join addresses on chosen.person = addresses.person and chosen.channel = addresses.channel
order by coalesce(chosen.settled_at, chosen.planned_at) desc, chosen.message_key
