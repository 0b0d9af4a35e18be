-- What became of the messages of each step, and what people did with them. Every column but the first counts people.
--
-- tables: tidegate.outbox, tidegate.feedback, tidegate.instances
-- params: $journey, $version (null: all versions)

with

messages as (

    select
        outbox.message_key,
        outbox.step,
        outbox.person,
        outbox.state,
        outbox.held_until
    from tidegate.outbox as outbox
    left join tidegate.instances as instances on outbox.instance = instances.instance
    where
        outbox.source = $journey
        and ($version is null or instances.version = $version)

),

counted as (

    select
        messages.step,
        count(*) as planned,
        count(*) filter (where messages.state = 'accepted') as sent,
        count(*) filter (where messages.state in ('planned', 'ready', 'claimed')) as waiting,
        count(*) filter (where messages.state = 'skipped') as withheld,
        count(*) filter (where messages.state = 'rejected') as rejected,
        count(*) filter (where messages.state = 'unknown') as unknown
    from messages
    group by messages.step

),

reported as (

    select
        messages.step,
        count(distinct messages.person) filter (where feedback.kind = 'delivered') as delivered,
        count(distinct messages.person) filter (where feedback.kind = 'opened') as opened,
        count(distinct messages.person) filter (where feedback.kind = 'clicked') as clicked,
        count(distinct messages.person) filter (where feedback.kind = 'replied') as replied,
        count(distinct messages.person) filter (where feedback.kind = 'bounced') as bounced,
        count(distinct messages.person) filter (where feedback.kind = 'complained') as complained,
        count(distinct messages.person) filter (where feedback.kind = 'unsubscribed') as unsubscribed
    from messages
    inner join tidegate.feedback as feedback on messages.message_key = feedback.message_key
    group by messages.step

)

select
    counted.step,
    counted.planned,
    counted.sent,
    counted.waiting,
    counted.withheld,
    counted.rejected,
    counted.unknown,
    coalesce(reported.delivered, 0) as delivered,
    coalesce(reported.opened, 0) as opened,
    coalesce(reported.clicked, 0) as clicked,
    coalesce(reported.replied, 0) as replied,
    coalesce(reported.bounced, 0) as bounced,
    coalesce(reported.complained, 0) as complained,
    coalesce(reported.unsubscribed, 0) as unsubscribed
from counted
left join reported on counted.step = reported.step
