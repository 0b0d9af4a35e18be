-- When each one's message met its fate first; at once, where it had done so before they were asked.
--
-- tables: asked (instance, entered_at, since, at), fates (instance, happened_at)
-- params: none

select
    asked.instance,
    min(greatest(fates.happened_at, asked.since)) as happened_at
from asked
inner join fates
    on
        asked.instance = fates.instance
        and asked.entered_at <= fates.happened_at
        and asked.at >= fates.happened_at
where asked.since <= asked.at
group by asked.instance
