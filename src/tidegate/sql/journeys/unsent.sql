-- Messages of a journey that have not gone yet.
--
-- tables: tidegate.outbox
-- params: $journey

create or replace temp table unsent as
select
    outbox.instance,
    outbox.step
from tidegate.outbox
where
    outbox.source = $journey
    and outbox.state in ('planned', 'ready', 'claimed')
    and outbox.instance is not null
