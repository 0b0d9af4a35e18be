-- How long a message is held, and suppressions that can be asked for and taken back. An address is kept as a hash
-- under a random key of this warehouse, so that no list of known addresses can be held against it elsewhere; who
-- has the warehouse has the key as well, and the people model beside it.

alter table tidegate.outbox add column held_until timestamptz;          -- of a planned message that the gate holds

alter table tidegate.suppressions add column recorded_at timestamptz default now();  -- wall clock
alter table tidegate.suppressions add column lifted_at timestamptz;     -- from then on it does not count any more

create table tidegate.address_key (
    secret varchar not null               -- made with the first suppression, the same ever after
);

-- The same address is the same hash however it was written. A key of fixed length in front is enough here: nobody
-- is shown a hash whose message they could lengthen.
create macro tidegate.address_hash(channel, address) as sha256(
    (select max(address_key.secret) from tidegate.address_key)
    || ':' || channel || ':'
    || nullif(
        case
            when channel = 'email' then lower(nfc_normalize(trim(address)))
            when channel in ('sms', 'whatsapp') then regexp_replace(address, '[^0-9+]', '', 'g')
            else trim(address)
        end,
        ''
    )
);

create macro tidegate.is_suppressed(channel, address) as (
    tidegate.address_hash(channel, address) in (
        select suppressions.address_hash
        from tidegate.suppressions
        where suppressions.lifted_at is null
    )
);
