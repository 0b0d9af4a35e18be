-- Whose message met its fate by the moment at which they are asked: since they entered, so since it was sent.
--
-- tables: asked (instance, entered_at, at), fates (instance, happened_at)
-- params: none

select asked.instance
from asked
semi join fates
    on
        asked.instance = fates.instance
        and asked.entered_at <= fates.happened_at
        and asked.at >= fates.happened_at
