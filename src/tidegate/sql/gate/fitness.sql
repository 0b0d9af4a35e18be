-- The checks that come first and are made again in the instant before a claim: may this person be told this, by
-- this channel? Erased and suppressed go by the keyed hash; consent is what the files say and what was recorded,
-- whichever is the newer: see docs/gate.md.
--
-- tables: wants, addresses, fitness, tidegate.suppressions, tidegate.consents
-- params: $as_of, $decided_at (what was recorded after it counts whatever its time)

insert into fitness
with

offered as (

    select
        wants.message_key,
        wants.position,
        wants.destination,
        wants.channel,
        wants.transactional,
        coalesce(addresses.reachable, false) as reachable,
        addresses.agreed,
        coalesce(addresses.dated, false) as dated,
        addresses.agreed_at,
        tidegate.address_hash('person', wants.person) as person_hash,
        tidegate.address_hash(wants.channel, addresses.address) as address_hash
    from wants
    left join addresses on wants.person = addresses.person and wants.channel = addresses.channel

),

stopped as (

    select
        suppressions.channel,
        suppressions.address_hash,
        bool_or(suppressions.reason = 'erased') as erased,
        bool_or(suppressions.reason in ('erased', 'bounced')) as for_good
    from tidegate.suppressions
    where suppressions.lifted_at is null
    group by suppressions.channel, suppressions.address_hash

),

said as (

    select
        wants.message_key,
        wants.channel,
        max(consents.happened_at) filter (where consents.given) as given_at,
        max(consents.happened_at) filter (where not consents.given) as withdrawn_at
    from wants
    inner join tidegate.consents on wants.person = consents.person and wants.channel = consents.channel
    where
        (consents.topic is null or consents.topic = wants.topic)
        and (consents.happened_at <= $as_of or consents.landed_at > $decided_at)
    group by wants.message_key, wants.channel

)

select
    offered.message_key,
    offered.position,
    offered.destination,
    offered.channel,
    offered.reachable,
    coalesce(persons.erased, false) or coalesce(stopped.erased, false) as erased,
    stopped.address_hash is not null and (stopped.for_good or not offered.transactional) as suppressed,
    offered.transactional or case
        when said.withdrawn_at is not null and coalesce(said.given_at <= said.withdrawn_at, true)
            then coalesce(offered.agreed and offered.agreed_at > said.withdrawn_at, false)
        when said.given_at is not null
            then coalesce(offered.agreed, true) or (offered.dated and coalesce(offered.agreed_at < said.given_at, true))
        else coalesce(offered.agreed, false)
    end as consented
from offered
left join stopped on offered.channel = stopped.channel and offered.address_hash = stopped.address_hash
left join stopped as persons on offered.person_hash = persons.address_hash and persons.channel = 'person'
left join said on offered.message_key = said.message_key and offered.channel = said.channel
