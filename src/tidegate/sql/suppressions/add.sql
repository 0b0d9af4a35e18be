-- Suppressions of addresses, as hashes, each once for a reason. Returns a row for each new one.
--
-- tables: given (channel, address, reason, event_id, happened_at), tidegate.suppressions
-- params: $run_id

insert into tidegate.suppressions (channel, address_hash, reason, event_id, happened_at, run_id)
with

hashed as (

    select
        given.channel,
        tidegate.address_hash(given.channel, given.address) as address_hash,
        given.reason,
        min(given.event_id) as event_id,
        min(given.happened_at) as happened_at
    from given
    group by all

)

select
    hashed.channel,
    hashed.address_hash,
    hashed.reason,
    hashed.event_id,
    hashed.happened_at,
    $run_id
from hashed
where
    hashed.address_hash is not null
    and not exists (
        select 1
        from tidegate.suppressions
        where
            suppressions.channel = hashed.channel
            and suppressions.address_hash = hashed.address_hash
            and suppressions.reason = hashed.reason
            and suppressions.lifted_at is null
    )
returning 1
