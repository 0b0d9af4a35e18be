-- Rows as the destination is to get them. Somebody without a single usable identifier cannot be held
-- there; a row that equals what was delivered needs no call: only its fingerprint is new. Neither does one whose
-- fields are all held already where nulls overwrite nothing (without $nulls), nor any row that is there where rows
-- are only created ($creates).
--
-- tables: as_sent (person, operation, fingerprint, doubtful, identifiers, traits), tidegate.delivered, planned_rows
-- params: $destination, $list, $creates, $nulls

insert into planned_rows
select
    $destination as destination,
    $list as list,
    as_sent.person,
    case
        when as_sent.identifiers = '{}' then 'unusable'
        when
            not as_sent.doubtful
            and delivered.identity = md5(as_sent.identifiers)
            and (
                delivered.traits = as_sent.traits
                or (
                    not $nulls
                    and json_contains(delivered.traits, as_sent.traits)
                    -- of what is nested, json_contains asks for a part only
                    and not contains(substr(as_sent.traits, 2), '{')
                    and not contains(as_sent.traits, '[')
                )
            )
            then 'refresh'
        when $creates and delivered.person is not null then 'refresh'
        else as_sent.operation
    end as operation,
    md5(as_sent.identifiers) as identity,
    as_sent.identifiers,
    as_sent.traits,
    as_sent.fingerprint
from as_sent
left join tidegate.delivered
    on
        as_sent.operation = 'update'
        and delivered.destination = $destination
        and delivered.list = $list
        and as_sent.person = delivered.person
