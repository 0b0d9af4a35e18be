-- Messages of a journey that went, or will not go any more, in a later run than the one that planned them.
--
-- tables: tidegate.outbox
-- params: $journey, $since (the run's clock; null is ever)

create or replace temp table delayed as
select
    outbox.instance,
    outbox.step,
    outbox.settled_at
from tidegate.outbox
where
    outbox.source = $journey
    and outbox.settled_at > outbox.planned_at
    and outbox.instance is not null
    and ($since is null or outbox.settled_at >= $since)
