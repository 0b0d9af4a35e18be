-- The addresses that matter, hashed: those that events name, and those of people whose address an event lacks.
--
-- tables: addresses (person, channel, address), open_events, open_consents, owners, address_book

insert into address_book
with

hashed as (

    select
        addresses.person,
        addresses.channel,
        tidegate.address_hash(addresses.channel, addresses.address) as address_hash
    from addresses
    where addresses.address is not null

)

select
    hashed.person,
    hashed.channel,
    hashed.address_hash
from hashed
where
    hashed.address_hash in (select open_events.address_hash from open_events)
    or hashed.address_hash in (select open_consents.address_hash from open_consents)
    or hashed.person in (select owners.person from owners)
