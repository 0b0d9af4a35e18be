-- Whose the addresses are that messages are about to go to.
--
-- tables: known (person, address), tidegate.outbox
-- params: $channel

select
    known.address,
    known.person
from known
where
    known.address is not null
    and known.person in (
        select outbox.person
        from tidegate.outbox
        where outbox.state = 'ready' and outbox.channel = $channel
    )
