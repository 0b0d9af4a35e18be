-- Everything that counts for somebody, beside the person's moments: for what one of them does not say alone.
--
-- tables: asked (instance, person, since, after, until, ...), happened (person, occurred_at, ...)
-- params: none

select
    asked.instance,
    asked.since,
    asked.until,
    event.occurred_at
from asked
inner join happened as event
    on
        asked.person = event.person
        and asked.after < event.occurred_at
        and asked.until >= event.occurred_at
