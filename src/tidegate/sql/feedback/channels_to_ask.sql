-- Channels whose addresses must be looked through: to find whose an event is, or which address a person has.
--
-- tables: open_events, open_consents, owners

select open_events.channel
from open_events
where
    open_events.address_hash is not null
    and not exists (select 1 from owners where owners.event_id = open_events.event_id)
union
select open_consents.channel
from open_consents
union
select owners.channel
from owners
inner join open_events on owners.event_id = open_events.event_id
where open_events.kind in ('bounced', 'complained') and open_events.address_hash is null
order by channel
