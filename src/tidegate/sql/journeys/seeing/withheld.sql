-- Why messages of a journey do not go: for good, or for now.
--
-- tables: tidegate.outbox, tidegate.instances
-- params: $journey, $version (null: all versions)

select
    outbox.step,
    case outbox.state when 'skipped' then 'skip' else 'hold' end as verdict,
    coalesce(outbox.reason, 'no reason given') as reason,
    count(*) as messages
from tidegate.outbox as outbox
left join tidegate.instances as instances on outbox.instance = instances.instance
where
    outbox.source = $journey
    and ($version is null or instances.version = $version)
    and (
        outbox.state = 'skipped'
        or (outbox.state = 'planned' and outbox.held_until is not null)
    )
group by
    outbox.step,
    case outbox.state when 'skipped' then 'skip' else 'hold' end,
    coalesce(outbox.reason, 'no reason given')
