-- Words of others without the addresses in them.
--
-- tables: read_events, masked (said, kept)

update read_events
set
    detail = (select masked.kept from masked where read_events.detail = masked.said),
    url = coalesce((select masked.kept from masked where read_events.url = masked.said), read_events.url)
