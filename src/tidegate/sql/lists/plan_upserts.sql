-- Rows as the destination is to get them. Somebody without a single usable identifier cannot be held
-- there; a row that equals what was delivered needs no call: only its fingerprint is new. Neither does one whose
-- fields are all held already where nulls overwrite nothing (without $nulls), nor any row that is there where rows
-- are only created ($creates).
--
-- tables: as_sent (person, operation, fingerprint, doubtful, identifiers, traits), tidegate.delivered, planned_rows
-- params: $destination, $list, $creates, $nulls

insert into planned_rows
with

sent as (

    select
        *,
        md5(as_sent.identifiers) as identity
    from as_sent

)

select
    $destination as destination,
    $list as list,
    sent.person,
    case
        when sent.identifiers = '{}' then 'unusable'
        when
            not sent.doubtful
            and delivered.identity = sent.identity
            and (
                delivered.traits = sent.traits
                or (
                    not $nulls
                    and json_contains(delivered.traits, sent.traits)
                    -- of what is nested, json_contains asks for a part only
                    and not contains(substr(sent.traits, 2), '{')
                    and not contains(sent.traits, '[')
                )
            )
            then 'refresh'
        when $creates and delivered.person is not null then 'refresh'
        else sent.operation
    end as operation,
    sent.identity,
    sent.identifiers,
    sent.traits,
    sent.fingerprint
from sent
left join tidegate.delivered
    on
        sent.operation = 'update'
        and delivered.destination = $destination
        and delivered.list = $list
        and sent.person = delivered.person
