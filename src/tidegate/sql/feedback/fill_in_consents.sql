-- Whose a consent by address is.
--
-- tables: tidegate.consents, open_consents, address_book

update tidegate.consents
set person = found.person
from (
    select
        open_consents.consent_id,
        min(address_book.person) as person
    from open_consents
    inner join address_book
        on open_consents.channel = address_book.channel and open_consents.address_hash = address_book.address_hash
    group by open_consents.consent_id
) as found
where consents.consent_id = found.consent_id and consents.person is null
