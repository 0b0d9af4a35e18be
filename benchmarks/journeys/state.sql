-- The state of a journey in which everybody in `walks` is, after its first run.
--
-- variables: before, journey

insert into tidegate.instances (
    instance, journey, person, entry_key, rotation, version, status, step, entered_at, step_entered_at, deadline,
    context, entered_run, moved_run, reached
)
select
    number + 1,
    getvariable('journey'),
    person,
    '',
    1,
    1,
    'active',
    step,
    entered_at,
    came_at,
    deadline,
    '{"event_id":"e' || number || '","customer_id":"' || person || '","name":"signed_up","occurred_at":"' || entered_at
    || '","properties":null}',
    'run-0',
    'run-0',
    case step when 'settle' then 2 when 'listen' then 5 else 8 end
from walks;

insert into tidegate.occurrences (audience, occurrence_id, person, occurred_at, disposition, run_id)
select getvariable('journey'), 'e' || number, person, entered_at, 'acted', 'run-0'
from walks
where 'e' || number not in (select occurrence_id from tidegate.occurrences);

insert into tidegate.outbox (
    message_key, source, person, entry, step, visit, message, channels, channel, destination, context, due_at,
    expires_at, priority, state, attempts, planned_run, planned_at, settled_run, settled_at, instance, answers
)
with

sent as (

    select instance, 'intro' as step, entered_at as at, '["email", "sms"]' as channels from tidegate.instances

    union all

    select
        number + 1,
        case when opens_intro then 'more' else 'text' end,
        case step when 'listen' then came_at else came_at - day(4) end,
        case when opens_intro then '["email"]' else '["sms"]' end
    from walks
    where step <> 'settle'

    union all

    select number + 1, case when tails then 'offer_a' else 'offer_b' end, came_at, '["email"]'
    from walks
    where step = 'last'

)

select
    concat_ws(':', getvariable('journey'), person, '1', sent.step, '1'),
    getvariable('journey'),
    person,
    '1',
    sent.step,
    1,
    sent.step,
    channels,
    case sent.step when 'text' then 'sms' else 'email' end,
    case sent.step when 'text' then 'sms' else 'email' end,
    context,
    sent.at,
    sent.at + interval 24 hours,
    0,
    'accepted',
    1,
    'run-0',
    sent.at,
    'run-0',
    sent.at,
    instance,
    false
from sent
inner join tidegate.instances using (instance);

insert into tidegate.assignments (experiment, person, arm, assigned_at, run_id)
select getvariable('journey') || '.coin', person, case when tails then 'a' else 'b' end, came_at, 'run-0'
from walks
where step = 'last';

-- Three of ten open the first message; some of those who listen do so within the day after `before`, in time.
insert into tidegate.feedback (
    event_id, kind, happened_at, destination, channel, message_key, person, run_id, landed_at, applied_run
)
with

opened as (

    select person, 'intro' as step, entered_at + day(0.1) as happened_at from walks where opens_intro

    union all

    select person, 'more', least(getvariable('before') + day(luck(number, 5)), deadline)
    from walks
    where step = 'listen' and opens_intro and luck(number, 6) < 0.4

    union all

    select person, case when tails then 'offer_a' else 'offer_b' end, came_at + day(luck(number, 7))
    from walks
    where step = 'last' and luck(number, 6) < 0.4

)

select
    'opened:' || step || ':' || person,
    'opened',
    happened_at,
    'email',
    'email',
    concat_ws(':', getvariable('journey'), person, '1', step, '1'),
    person,
    'run-0',
    happened_at,
    case when happened_at <= getvariable('before') then 'run-0' end
from opened;

checkpoint;
