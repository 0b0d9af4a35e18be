-- Events that name their message by the platform's id, where it is the id of one message only. Mail systems write
-- Message-IDs with and without their angle brackets.
--
-- tables: open_events, tidegate.outbox, owners

insert into owners
with

asked as (

    select
        open_events.event_id,
        open_events.destination,
        trim(open_events.provider_id, '<>') as provider_id
    from open_events
    where
        open_events.provider_id is not null
        and not exists (select 1 from owners where owners.event_id = open_events.event_id)

),

named as (

    select
        outbox.*,
        trim(outbox.provider_id, '<>') as bare_id
    from tidegate.outbox
    where outbox.provider_id is not null

)

select
    asked.event_id,
    min(named.message_key) as message_key,
    min(named.person) as person,
    min(named.channel) as channel,
    min(named.destination) as destination,
    min(named.provider_id) as provider_id
from asked
inner join named
    on
        asked.provider_id = named.bare_id
        and (asked.destination is null or asked.destination = named.destination)
group by asked.event_id
having count(*) = 1
