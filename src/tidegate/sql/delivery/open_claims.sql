-- Claims that nobody has settled, and of what they are.
--
-- tables: tidegate.outbox, tidegate.owed

select distinct
    outbox.claim,
    'messages' as kind
from tidegate.outbox
where outbox.state = 'claimed'
union all
select distinct
    owed.claim,
    'rows' as kind
from tidegate.owed
where owed.state = 'claimed'
order by claim
