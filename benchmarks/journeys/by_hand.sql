-- What a run at `now` does to everybody in `walks`, written by hand for this one journey: as few statements as it
-- needs, each table of the state read as seldom as can be.
--
-- variables: before, now, journey

create temp table leaving as
select distinct instances.instance
from tidegate.instances
inner join events
    on
        instances.person = events.customer_id
        and instances.entered_at < events.occurred_at
        and events.name = 'order_completed'
        and events.occurred_at > getvariable('before')
        and events.occurred_at <= getvariable('now')
where instances.status = 'active';

create temp table opened as
select
    outbox.instance,
    outbox.step,
    min(feedback.happened_at) as opened_at
from tidegate.feedback
inner join tidegate.outbox on feedback.message_key = outbox.message_key
where
    feedback.kind = 'opened'
    and feedback.happened_at <= getvariable('now')
    and outbox.step in ('intro', 'more', 'offer_a', 'offer_b')
group by all;

create temp table moving as
select
    instances.instance,
    instances.person,
    instances.context,
    instances.step as stood,
    instances.reached,
    least(more.opened_at, instances.deadline) as moment,
    case when more.instance is null then 'timed_out' else 'heard' end as turn,
    case instances.step
        when 'settle' then case when intro.instance is null then 'text' else 'more' end
        when 'listen' then case
            when cast('0x' || left(md5('bench:' || getvariable('journey') || '.coin:' || instances.person), 8) as ubigint)
                / 4294967296.0 < 0.5 then 'offer_a'
            else 'offer_b'
        end
        when 'last' then case when offer.instance is not null then 'warm' end
    end as target
from tidegate.instances
left join opened as intro
    on instances.instance = intro.instance and intro.step = 'intro' and instances.step = 'settle'
    and intro.opened_at <= instances.deadline
left join opened as more
    on instances.instance = more.instance and more.step = 'more' and instances.step = 'listen'
    and more.opened_at <= instances.deadline
left join opened as offer
    on instances.instance = offer.instance and offer.step in ('offer_a', 'offer_b') and instances.step = 'last'
    and offer.opened_at <= instances.deadline
where
    instances.status = 'active'
    and (instances.deadline <= getvariable('now') or more.instance is not null)
    and instances.instance not in (select instance from leaving);

insert into tidegate.steps (instance, journey, person, step, reached_at, turn, number, run_id)
select
    moving.instance,
    getvariable('journey'),
    moving.person,
    coalesce(paths.step, moving.target),
    case when paths.place = 3 then getvariable('now') else moving.moment end,
    case
        when paths.step = 'coin' then moving.turn
        when paths.step is not null then null
        when moving.stood in ('settle', 'last') then case when moving.target = 'text' then 'else' else 'then' end
        when moving.target = 'offer_a' then 'a'
        else 'b'
    end,
    moving.reached + paths.place,
    'run-1'
from moving
inner join (
    values ('settle', 1, 'liked'), ('settle', 2, null), ('settle', 3, 'listen'),
    ('listen', 1, 'coin'), ('listen', 2, null), ('listen', 3, 'last'),
    ('last', 1, 'warmed'), ('last', 2, null)
) as paths (stood, place, step) on moving.stood = paths.stood
where coalesce(paths.step, moving.target) is not null;

insert into tidegate.outbox (
    message_key, source, person, entry, step, visit, message, channels, context, due_at, expires_at, priority, state,
    attempts, planned_run, planned_at, instance, answers
)
select
    concat_ws(':', getvariable('journey'), person, '1', target, '1'),
    getvariable('journey'),
    person,
    '1',
    target,
    1,
    target,
    case target when 'text' then '["sms"]' else '["email"]' end,
    context,
    moment,
    moment + interval 24 hours,
    0,
    'planned',
    0,
    'run-1',
    getvariable('now'),
    instance,
    false
from moving
where stood <> 'last';

insert into tidegate.assignments (experiment, person, arm, assigned_at, run_id)
select getvariable('journey') || '.coin', person, right(target, 1), getvariable('now'), 'run-1'
from moving
where stood = 'listen';

insert into tidegate.traits (person, name, kind, value, set_at, journey, step, instance, run_id)
select person, 'warm', 'tag', 'true', getvariable('now'), getvariable('journey'), 'warm', instance, 'run-1'
from moving
where target = 'warm';

update tidegate.instances
set
    step = case moving.stood when 'settle' then 'listen' when 'listen' then 'last' else coalesce(target, 'warmed') end,
    status = case moving.stood when 'last' then 'ended' else 'active' end,
    step_entered_at = case moving.stood when 'last' then moving.moment else getvariable('now') end,
    deadline = case moving.stood
        when 'settle' then getvariable('now') + interval 96 hours
        when 'listen' then getvariable('now') + interval 120 hours
    end,
    reached = moving.reached + case when moving.stood <> 'last' then 3 when target is null then 1 else 2 end,
    exit_reason = case moving.stood when 'last' then 'completed' end,
    ended_at = case moving.stood when 'last' then moving.moment end,
    moved_run = 'run-1'
from moving
where instances.instance = moving.instance;

update tidegate.instances
set
    status = 'ended',
    step_entered_at = getvariable('now'),
    deadline = null,
    exit_reason = 'rule',
    ended_at = getvariable('now'),
    moved_run = 'run-1'
from leaving
where instances.instance = leaving.instance;
