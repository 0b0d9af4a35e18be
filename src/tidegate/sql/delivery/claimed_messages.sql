-- The messages of a claim, with the person they go to. Who has no address (any more) has no `tidegate_address`.
--
-- tables: tidegate.outbox, people (tidegate_person, tidegate_address, then every column of the model)
-- params: $claim

select
    outbox.message_key,
    outbox.person,
    outbox.message,
    outbox.channel,
    outbox.context,
    outbox.instance is not null as walks,
    outbox.answers,
    people.*
from tidegate.outbox
left join people on outbox.person = people.tidegate_person
where outbox.claim = $claim and outbox.state = 'claimed'
order by outbox.priority desc, outbox.due_at asc, outbox.message_key asc
