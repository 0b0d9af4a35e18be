-- What the versions of one journey make of those inside, until the next journey's turn.

create or replace temp table leavers (
    instance bigint,
    reason varchar            -- migrated, stopped
);

create or replace temp table crossings (
    version integer,          -- the older one, and where they stand in it
    step varchar,
    target varchar,           -- where they go on in the newest version
    anew boolean              -- they come to it as to a new step; else the time they served there counts
);

create or replace temp table migrants (
    instance bigint,
    version integer,          -- the newest
    step varchar,             -- of the newest version, to which they come in this run
    at timestamptz,           -- their clock
    turn varchar              -- redirected; null: it is the step that they stand at already
);

create or replace temp view inside as
select
    instances.instance,
    instances.journey,
    instances.person,
    instances.entry_key,
    instances.rotation,
    coalesce(migrants.version, instances.version) as version,
    coalesce(migrants.step, instances.step) as step,
    instances.entered_at,
    coalesce(migrants.at, instances.step_entered_at) as step_entered_at,
    case when migrants.instance is null then instances.deadline end as deadline,
    case when migrants.instance is null then instances.waits_from end as waits_from,
    instances.reached,
    instances.context,
    migrants.instance is not null as migrates
from tidegate.instances
left join migrants on instances.instance = migrants.instance
where
    instances.status = 'active'
    and not exists (select 1 from leavers where leavers.instance = instances.instance)
