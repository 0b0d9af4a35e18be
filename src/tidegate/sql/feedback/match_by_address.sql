-- Events that name an address, and no message that is known: they are of everybody who has it.
--
-- tables: open_events, address_book, owners

insert into owners
select
    open_events.event_id,
    null as message_key,
    address_book.person,
    open_events.channel,
    open_events.destination,
    open_events.provider_id
from open_events
inner join address_book
    on open_events.channel = address_book.channel and open_events.address_hash = address_book.address_hash
where not exists (select 1 from owners where owners.event_id = open_events.event_id)
