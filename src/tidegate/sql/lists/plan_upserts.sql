-- Rows as the destination is to get them. Somebody without a single usable identifier cannot be held
-- there; a row that equals what was delivered, to the letter, needs no call: only its fingerprint is new.
--
-- tables: as_sent (person, operation, fingerprint, doubtful, identifiers, traits), tidegate.delivered, planned_rows
-- params: $destination, $list

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
            and delivered.traits = as_sent.traits
            then 'refresh'
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
