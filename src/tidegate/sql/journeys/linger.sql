-- Those who have been through the whole journey and of whom a message has not gone yet: what would have made them leave
-- before still keeps it from them. Of versions that nobody walks any more the newest is asked.
--
-- tables: tidegate.instances, tidegate.outbox
-- params: $journey, $versions, $newest, $as_of

create or replace temp table lingering as
select
    instances.instance,
    instances.person,
    instances.entered_at,
    instances.entered_at as since,
    $as_of as at,
    instances.context,
    case when list_contains($versions, instances.version) then instances.version else $newest end as version
from tidegate.instances
where
    instances.journey = $journey
    and instances.status = 'ended'
    and instances.instance in (
        select outbox.instance
        from tidegate.outbox
        where outbox.source = $journey and outbox.state in ('planned', 'ready')
    )
