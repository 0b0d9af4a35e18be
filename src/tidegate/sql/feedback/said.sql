-- What platforms said and where links lead, before it is masked.
--
-- tables: read_events

select detail as said
from read_events
where detail is not null and problem is null
union
select url as said
from read_events
where problem is null and (contains(url, '@') or contains(lower(url), '%40'))
