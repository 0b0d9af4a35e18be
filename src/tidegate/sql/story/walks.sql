-- One person's walks through journeys, in order, on the run's clock: in, step by step, out, and what steps left behind.
-- `turn` orders what one run did, as in moments.sql; `from_step` and `version` are for telling why.
--
-- tables: tidegate.instances, tidegate.steps, tidegate.traits, tidegate.emitted, tidegate.list_members,
--         tidegate.answers, tidegate.outbox, tidegate.step_approvals, tidegate.runs
-- params: $person

with

walks as (

    select
        instances.*,
        entering.as_of as entered_as_of,
        moving.as_of as moved_as_of
    from tidegate.instances as instances
    left join tidegate.runs as entering on instances.entered_run = entering.run_id
    left join tidegate.runs as moving on instances.moved_run = moving.run_id
    where instances.person = $person

),

path as (

    select
        steps.instance,
        steps.step,
        steps.turn,
        steps.number,
        steps.run_id,
        walks.journey,
        walks.version,
        coalesce(runs.as_of, steps.reached_at) as happened_at,
        case
            when walks.status = 'active' and walks.step = steps.step then walks.deadline
        end as until,
        lag(steps.step) over (
            partition by steps.instance
            order by steps.number
        ) as from_step
    from tidegate.steps as steps
    inner join walks on steps.instance = walks.instance
    left join tidegate.runs as runs on steps.run_id = runs.run_id

),

came_in as (

    select
        coalesce(walks.entered_as_of, walks.entered_at) as happened_at,
        2 as turn,
        walks.instance,
        0 as number,
        'entered' as what,
        walks.journey,
        walks.version,
        cast(null as varchar) as step,
        cast(null as varchar) as from_step,
        nullif(walks.entry_key, '') as reason,
        cast(null as varchar) as destination,
        cast(null as timestamptz) as until,
        walks.entered_run as run_id
    from walks

),

came_to as (

    select
        path.happened_at,
        2 as turn,
        path.instance,
        path.number,
        'came to' as what,
        path.journey,
        path.version,
        path.step,
        path.from_step,
        path.turn as reason,
        cast(null as varchar) as destination,
        path.until,
        path.run_id
    from path

),

reached_goal as (

    select
        walks.goal_at as happened_at,
        0 as turn,
        walks.instance,
        0 as number,
        'goal' as what,
        walks.journey,
        walks.version,
        cast(null as varchar) as step,
        cast(null as varchar) as from_step,
        cast(null as varchar) as reason,
        cast(null as varchar) as destination,
        cast(null as timestamptz) as until,
        walks.moved_run as run_id
    from walks
    where walks.goal_at is not null

),

-- A walk's end is at a time of its own (that of a goal, say); it is told where the run that saw it stands.
came_out as (

    select
        greatest(walks.ended_at, coalesce(walks.moved_as_of, walks.ended_at)) as happened_at,
        case walks.exit_reason when 'completed' then 2 else 1 end as turn,
        walks.instance,
        1000000 as number,
        'ended' as what,
        walks.journey,
        walks.version,
        walks.step,
        cast(null as varchar) as from_step,
        walks.exit_reason as reason,
        cast(null as varchar) as destination,
        cast(null as timestamptz) as until,
        walks.moved_run as run_id
    from walks
    where walks.status = 'ended'

),

marked as (

    select
        traits.set_at as happened_at,
        2 as turn,
        traits.instance,
        coalesce(path.number, 0) as number,
        case
            when traits.kind = 'trait' then 'set'
            when traits.value is null then 'untagged'
            else 'tagged'
        end as what,
        traits.journey,
        cast(null as integer) as version,
        traits.step,
        cast(null as varchar) as from_step,
        case traits.kind
            when 'trait' then traits.name || ' = ' || coalesce(traits.value, 'null')
            else traits.name
        end as reason,
        cast(null as varchar) as destination,
        cast(null as timestamptz) as until,
        traits.run_id
    from tidegate.traits as traits
    left join path on traits.instance = path.instance and traits.step = path.step
    where traits.person = $person

),

emitted as (

    select
        emitted.emitted_at as happened_at,
        2 as turn,
        coalesce(path.instance, 0) as instance,
        coalesce(path.number, 0) as number,
        'emitted' as what,
        emitted.journey,
        cast(null as integer) as version,
        emitted.step,
        cast(null as varchar) as from_step,
        emitted.name as reason,
        cast(null as varchar) as destination,
        cast(null as timestamptz) as until,
        emitted.run_id
    from tidegate.emitted as emitted
    left join path
        on
            emitted.journey = path.journey
            and emitted.step = path.step
            and emitted.run_id = path.run_id
    where emitted.person = $person

),

onto_lists as (

    select
        coalesce(runs.as_of, list_members.added_at) as happened_at,
        2 as turn,
        1000001 as instance,
        0 as number,
        'onto list' as what,
        list_members.journey,
        cast(null as integer) as version,
        list_members.step,
        cast(null as varchar) as from_step,
        list_members.list as reason,
        list_members.destination,
        cast(null as timestamptz) as until,
        list_members.added_run as run_id
    from tidegate.list_members as list_members
    left join tidegate.runs as runs on list_members.added_run = runs.run_id
    where list_members.person = $person

),

off_lists as (

    select
        coalesce(runs.as_of, list_members.removed_at) as happened_at,
        2 as turn,
        1000001 as instance,
        0 as number,
        'off list' as what,
        list_members.journey,
        cast(null as integer) as version,
        list_members.step,
        cast(null as varchar) as from_step,
        list_members.list as reason,
        list_members.destination,
        cast(null as timestamptz) as until,
        list_members.removed_run as run_id
    from tidegate.list_members as list_members
    left join tidegate.runs as runs on list_members.removed_run = runs.run_id
    where list_members.person = $person and list_members.removed_at is not null

),

answered as (

    select
        answers.answered_at as happened_at,
        8 as turn,
        outbox.instance,
        0 as number,
        'answered' as what,
        outbox.source as journey,
        cast(null as integer) as version,
        outbox.step,
        cast(null as varchar) as from_step,
        cast(null as varchar) as reason,
        outbox.destination,
        cast(null as timestamptz) as until,
        outbox.settled_run as run_id
    from tidegate.answers as answers
    inner join tidegate.outbox as outbox on answers.message_key = outbox.message_key
    where outbox.person = $person

),

judged as (

    select
        step_approvals.decided_at as happened_at,
        13 as turn,
        step_approvals.instance,
        0 as number,
        case step_approvals.decision when 'approve' then 'approved' else 'rejected' end as what,
        step_approvals.journey,
        cast(null as integer) as version,
        step_approvals.step,
        cast(null as varchar) as from_step,
        concat_ws(': ', step_approvals.who, step_approvals.why) as reason,
        cast(null as varchar) as destination,
        cast(null as timestamptz) as until,
        cast(null as varchar) as run_id
    from tidegate.step_approvals as step_approvals
    where step_approvals.person = $person

)

select * from came_in
union all
select * from came_to
union all
select * from reached_goal
union all
select * from came_out
union all
select * from marked
union all
select * from emitted
union all
select * from onto_lists
union all
select * from off_lists
union all
select * from answered
union all
select * from judged
order by happened_at, turn, instance, number, what, step, reason
