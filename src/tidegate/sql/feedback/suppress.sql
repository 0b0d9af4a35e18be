-- Addresses never to be used again by a channel: bounced for good, complained, or unsubscribed by nobody known in
-- time. The address is the one that the event names, else the one that the person has now.
--
-- tables: tidegate.feedback, tidegate.consents, open_events, owners, address_book, tidegate.suppressions
-- params: $run_id, $given_up

insert into tidegate.suppressions (channel, address_hash, reason, event_id, happened_at, run_id)
with

events as (

    select
        feedback.event_id,
        feedback.kind,
        feedback.channel,
        feedback.happened_at,
        coalesce(feedback.address_hash, address_book.address_hash) as address_hash,
        case
            when feedback.kind = 'bounced' and feedback.permanent then 'bounced'
            when feedback.kind = 'complained' then 'complained'
            when
                feedback.kind = 'unsubscribed'
                and feedback.landed_at < $given_up
                and not exists (select 1 from owners where owners.event_id = feedback.event_id)
                then 'opted_out'
        end as reason
    from tidegate.feedback
    left join address_book on feedback.person = address_book.person and feedback.channel = address_book.channel
    where feedback.applied_run is null

)

select distinct on (events.channel, events.address_hash, events.reason)
    events.channel,
    events.address_hash,
    events.reason,
    events.event_id,
    events.happened_at,
    $run_id
from events
where
    events.reason is not null
    and events.address_hash is not null
    and not exists (
        select 1
        from tidegate.suppressions
        where
            suppressions.channel = events.channel
            and suppressions.address_hash = events.address_hash
            and suppressions.reason = events.reason
            and suppressions.lifted_at is null
    )
order by events.channel, events.address_hash, events.reason, events.happened_at, events.event_id
