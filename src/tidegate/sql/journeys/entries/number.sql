-- Everybody who was found, in the order in which things happened, under the key that they enter by. There must be such
-- a person, and a key.
--
-- tables: found, people (person), candidates
-- params: $per: where in `entry` the key is, as a JSON path; null where the person is the key

insert into candidates
with

keyed as (

    select
        found.occurrence_id,
        found.person,
        case
            when cast($per as varchar) is null then ''
            else nullif(json_extract_string(found.context, $per), '')
        end as entry_key,
        found.occurred_at,
        found.context,
        found.disposition,
        found.matched_at,
        found.said
    from found

),

known as (

    select people.person
    from people
    where people.person in (select found.person from found)

)

select
    row_number() over (order by keyed.occurred_at, keyed.occurrence_id) as candidate,
    keyed.occurrence_id,
    keyed.person,
    coalesce(keyed.entry_key, '') as entry_key,
    0 as rotation,
    keyed.occurred_at,
    keyed.context,
    case
        when keyed.disposition is not null then keyed.disposition
        when keyed.person not in (select known.person from known) then 'no_person'
        when keyed.entry_key is null then 'no_key'
    end as disposition,
    keyed.matched_at,
    keyed.said
from keyed
