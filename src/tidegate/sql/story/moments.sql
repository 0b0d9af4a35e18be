-- Everything that happened to one person, in order, on the run's clock. `turn` orders what one run did.
-- Addresses are never read: channels, destinations, counts and reasons only.
--
-- tables: tidegate.stays, tidegate.occurrences, tidegate.outbox, tidegate.decisions, tidegate.attempts,
--         tidegate.delivered, tidegate.owed, tidegate.runs, tidegate.feedback, tidegate.consents,
--         tidegate.suppressions, tidegate.journey_runs, tidegate.instances
-- params: $person

with

-- What lets people into a journey is kept as stays and occurrences too, under the journey's name.
journeys as (

    select distinct journey_runs.journey as name
    from tidegate.journey_runs as journey_runs

),

entered as (

    select
        entered_at as happened_at,
        2 as turn,
        'entered' as what,
        audience as source,
        cast(null as varchar) as message,
        cast(null as varchar) as destination,
        enter_cause as reason,
        cast(null as timestamptz) as until,
        1 as times,
        entered_run as run_id
    from tidegate.stays
    where
        person = $person
        and audience not in (select journeys.name from journeys)

),

"left" as (

    select
        left_at as happened_at,
        1 as turn,
        'left' as what,
        audience as source,
        cast(null as varchar) as message,
        cast(null as varchar) as destination,
        leave_cause as reason,
        cast(null as timestamptz) as until,
        1 as times,
        left_run as run_id
    from tidegate.stays
    where
        person = $person
        and left_at is not null
        and audience not in (select journeys.name from journeys)

),

occurred as (

    select
        occurrences.occurred_at as happened_at,
        0 as turn,
        case when journeys.name is null then 'occurred' else 'not let in' end as what,
        occurrences.audience as source,
        cast(null as varchar) as message,
        cast(null as varchar) as destination,
        occurrences.disposition as reason,
        cast(null as timestamptz) as until,
        1 as times,
        occurrences.run_id
    from tidegate.occurrences as occurrences
    left join journeys on occurrences.audience = journeys.name
    where
        occurrences.person = $person
        and (journeys.name is null or occurrences.disposition <> 'acted')

),

-- Whoever was there when a journey began, or when its model changed, is known to it and does not enter.
known_from_the_start as (

    select
        stays.entered_at as happened_at,
        0 as turn,
        'not let in' as what,
        stays.audience as source,
        cast(null as varchar) as message,
        cast(null as varchar) as destination,
        stays.enter_cause as reason,
        cast(null as timestamptz) as until,
        1 as times,
        stays.entered_run as run_id
    from tidegate.stays as stays
    inner join journeys on stays.audience = journeys.name
    where
        stays.person = $person
        and stays.enter_cause <> 'data'
        and not exists (
            select 1
            from tidegate.occurrences as occurrences
            where
                occurrences.audience = stays.audience
                and occurrences.person = stays.person
                and occurrences.run_id = stays.entered_run
        )
        and not exists (
            select 1
            from tidegate.instances as instances
            where
                instances.journey = stays.audience
                and instances.person = stays.person
                and instances.entered_run = stays.entered_run
        )

),

messages as (

    select
        message_key,
        source,
        message,
        channel,
        destination,
        planned_at,
        planned_run
    from tidegate.outbox
    where person = $person

),

planned as (

    select
        planned_at as happened_at,
        3 as turn,
        'planned' as what,
        source,
        message,
        cast(null as varchar) as destination,
        cast(null as varchar) as reason,
        cast(null as timestamptz) as until,
        1 as times,
        planned_run as run_id
    from messages

),

-- A message that is held is judged again by every run: one line for the same verdict, however often it fell.
withheld as (

    select
        min(runs.as_of) as happened_at,
        4 as turn,
        case decisions.verdict when 'hold' then 'held' else 'skipped' end as what,
        messages.source,
        messages.message,
        messages.channel as destination,
        decisions.reason,
        max(decisions.until) as until,
        count(*) as times,
        min(decisions.run_id) as run_id
    from tidegate.decisions as decisions
    inner join messages on decisions.message_key = messages.message_key
    inner join tidegate.runs as runs on decisions.run_id = runs.run_id
    group by
        decisions.message_key, messages.source, messages.message, messages.channel, decisions.verdict, decisions.reason

),

attempted as (

    select
        runs.as_of as happened_at,
        5 as turn,
        case attempts.outcome
            when 'accepted' then 'sent'
            when 'rejected' then 'refused'
            when 'retry' then 'put off'
            when 'unknown' then 'unknown'
            else 'under way'
        end as what,
        messages.source,
        messages.message,
        attempts.destination,
        attempts.reason,
        cast(null as timestamptz) as until,
        1 as times,
        attempts.run_id
    from tidegate.attempts as attempts
    inner join messages on attempts.message_key = messages.message_key
    inner join tidegate.runs as runs on attempts.run_id = runs.run_id

),

listed as (

    select
        runs.as_of as happened_at,
        6 as turn,
        'listed' as what,
        delivered.list as source,
        cast(null as varchar) as message,
        delivered.destination,
        cast(null as varchar) as reason,
        cast(null as timestamptz) as until,
        1 as times,
        delivered.run_id
    from tidegate.delivered as delivered
    inner join tidegate.runs as runs on delivered.run_id = runs.run_id
    where delivered.person = $person

),

owing as (

    select
        runs.as_of as happened_at,
        7 as turn,
        case
            when owed.state = 'refused' then 'list refused'
            when owed.in_doubt then 'list in doubt'
            else 'list owed'
        end as what,
        owed.list as source,
        cast(null as varchar) as message,
        owed.destination,
        coalesce(owed.reason, owed.operation) as reason,
        owed.next_try as until,
        owed.attempts as times,
        owed.run_id
    from tidegate.owed as owed
    inner join tidegate.runs as runs on owed.run_id = runs.run_id
    where owed.person = $person

),

-- Times of the reporter: what somebody did with a message. The platform's words say why it bounced.
reported as (

    select
        feedback.happened_at,
        case feedback.kind when 'delivered' then 8 when 'opened' then 9 else 10 end as turn,
        feedback.kind as what,
        coalesce(messages.source, feedback.topic, feedback.channel) as source,
        messages.message,
        coalesce(feedback.destination, feedback.channel) as destination,
        case
            when feedback.kind = 'bounced' and feedback.permanent then concat_ws(': ', 'for good', feedback.detail)
            when feedback.kind = 'clicked' then feedback.url
            when feedback.kind = 'unsubscribed' then coalesce('from ' || feedback.topic, 'from everything')
            else feedback.detail
        end as reason,
        cast(null as timestamptz) as until,
        1 as times,
        coalesce(feedback.applied_run, feedback.run_id) as run_id
    from tidegate.feedback as feedback
    left join messages on feedback.message_key = messages.message_key
    where feedback.person = $person

),

consented as (

    select
        happened_at,
        11 as turn,
        case when given then 'consented' else 'withdrew' end as what,
        channel || coalesce(': ' || topic, '') as source,
        cast(null as varchar) as message,
        cast(null as varchar) as destination,
        source as reason,
        cast(null as timestamptz) as until,
        1 as times,
        run_id
    from tidegate.consents
    where person = $person

),

suppressed as (

    select
        suppressions.happened_at,
        12 as turn,
        'suppressed' as what,
        suppressions.channel as source,
        cast(null as varchar) as message,
        cast(null as varchar) as destination,
        suppressions.reason,
        cast(null as timestamptz) as until,
        1 as times,
        suppressions.run_id
    from tidegate.suppressions as suppressions
    inner join tidegate.feedback as feedback on suppressions.event_id = feedback.event_id
    where feedback.person = $person

)

select * from entered
union all
select * from "left"
union all
select * from occurred
union all
select * from known_from_the_start
union all
select * from planned
union all
select * from withheld
union all
select * from attempted
union all
select * from listed
union all
select * from owing
union all
select * from reported
union all
select * from consented
union all
select * from suppressed
order by happened_at, turn, source, message, destination, reason
