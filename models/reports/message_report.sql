with

messages as (

    select
        message_key,
        message,
        channel
    from {{ source('tidegate', 'outbox') }}
    where state = 'accepted'

),

-- an event counts once for a message: who opens three times has opened
reported as (

    select
        message_key,
        bool_or(kind = 'delivered') as is_delivered,
        bool_or(kind = 'opened') as is_opened,
        bool_or(kind = 'clicked') as is_clicked,
        bool_or(kind = 'replied') as is_replied,
        bool_or(kind = 'bounced') as is_bounced,
        bool_or(kind = 'complained') as is_complained,
        bool_or(kind = 'unsubscribed') as is_unsubscribed
    from {{ source('tidegate', 'feedback') }}
    where message_key is not null
    group by message_key

)

select
    messages.message,
    messages.channel,
    count(*) as sent,
    count(*) filter (where reported.is_delivered) as delivered,
    count(*) filter (where reported.is_opened) as opened,
    count(*) filter (where reported.is_clicked) as clicked,
    count(*) filter (where reported.is_replied) as replied,
    count(*) filter (where reported.is_bounced) as bounced,
    count(*) filter (where reported.is_complained) as complained,
    count(*) filter (where reported.is_unsubscribed) as unsubscribed
from messages
left join reported on messages.message_key = reported.message_key
group by messages.message, messages.channel
