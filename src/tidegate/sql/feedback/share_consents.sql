-- A consent by an address that several people have is one of each; the first of them gets the row that is there.
--
-- tables: tidegate.consents, open_consents, address_book

insert into tidegate.consents (
    consent_id, person, channel, topic, given, source, wording, happened_at, address_hash, run_id, landed_at
)
with

sharing as (

    select
        open_consents.consent_id,
        address_book.person,
        row_number() over (partition by open_consents.consent_id order by address_book.person) as place
    from open_consents
    inner join address_book
        on open_consents.channel = address_book.channel and open_consents.address_hash = address_book.address_hash

)

select
    consents.consent_id || ':' || sharing.person,
    sharing.person,
    consents.channel,
    consents.topic,
    consents.given,
    consents.source,
    consents.wording,
    consents.happened_at,
    consents.address_hash,
    consents.run_id,
    consents.landed_at
from tidegate.consents
inner join sharing on consents.consent_id = sharing.consent_id
where consents.person is null and sharing.place > 1
