-- Everybody whom a plan is about: who enters and leaves audiences, what is said to whom, what is withheld, and which
-- list rows are owed. Who comes into journeys is told elsewhere: not everybody who came into a segment does.
--
-- tables: changes, seen, waiting, verdicts, addresses (person, channel, address), tidegate.outbox, tidegate.owed
-- params: $audiences

with

told as (

    select
        waiting.person,
        verdicts.source,
        verdicts.verdict,
        verdicts.reason,
        verdicts.until,
        verdicts.channel,
        outbox.message,
        outbox.destination
    from verdicts
    inner join waiting on verdicts.message_key = waiting.message_key
    inner join tidegate.outbox on verdicts.message_key = outbox.message_key

),

every_row as (

    select
        changes.change as kind,
        changes.audience as subject,
        changes.person,
        '' as detail,
        '' as address
    from changes
    where list_contains($audiences, changes.audience)

    union all

    select
        case seen.disposition when 'acted' then 'enter' else 'withheld' end as kind,
        seen.audience as subject,
        seen.person,
        seen.occurrence_id || case seen.disposition when 'acted' then '' else ': ' || seen.disposition end as detail,
        '' as address
    from seen
    where list_contains($audiences, seen.audience)

    union all

    select
        case when told.verdict = 'send' then 'message' else 'withheld' end as kind,
        told.source as subject,
        told.person,
        case
            when told.verdict = 'send' then told.message || ' by ' || told.destination
            when told.verdict = 'hold'
                then
                    told.message || ': ' || told.reason || ' until '
                    || strftime(timezone('UTC', told.until), '%Y-%m-%dT%H:%M:%SZ')
            else told.message || ': ' || told.reason
        end as detail,
        coalesce(addresses.address, '') as address
    from told
    left join addresses on told.person = addresses.person and told.channel = addresses.channel

    union all

    select
        'list' as kind,
        owed.destination || ': ' || owed.list as subject,
        owed.person,
        owed.operation || case when owed.state = 'due' then '' else ' (' || owed.state || ')' end as detail,
        '' as address
    from tidegate.owed

)

select
    every_row.kind,
    every_row.subject,
    every_row.person,
    every_row.detail,
    every_row.address
from every_row
order by
    case every_row.kind when 'enter' then 1 when 'leave' then 2 when 'message' then 3 when 'withheld' then 4 else 5 end,
    every_row.subject,
    every_row.person,
    every_row.detail
