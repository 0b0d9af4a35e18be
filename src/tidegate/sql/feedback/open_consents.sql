-- Consents by an address of nobody known so far, as long as somebody may yet turn out to have it.
--
-- tables: tidegate.consents, open_consents
-- params: $since

insert into open_consents
select
    consent_id,
    channel,
    address_hash
from tidegate.consents
where person is null and landed_at >= $since
