-- The events of a name that no run has seen, of those that happened after $oldest_looked_at: history is not read
-- again. An event that is there twice is one event.
--
-- tables: event (occurrence_id, person, occurred_at, context, counts), tidegate.occurrences, found
-- params: $journey, $as_of, $cause, $backfill, $acts_after, $oldest, $oldest_looked_at

insert into found
with

recent as (

    select
        event.occurrence_id,
        event.person,
        event.occurred_at,
        event.context
    from event
    where
        event.counts
        and event.occurred_at > $oldest_looked_at
        and event.occurred_at <= $as_of
        and event.person is not null

),

seen_before as (

    select occurrences.occurrence_id
    from tidegate.occurrences
    where
        occurrences.audience = $journey
        and occurrences.occurrence_id in (select recent.occurrence_id from recent)

),

news as (

    select
        recent.occurrence_id,
        recent.person,
        recent.occurred_at,
        recent.context
    from recent
    where
        recent.occurrence_id is null
        or recent.occurrence_id not in (select seen_before.occurrence_id from seen_before)

),

once as (

    select
        news.occurrence_id,
        news.person,
        news.occurred_at,
        news.context
    from news
    qualify
        row_number() over (
            partition by news.occurrence_id
            order by news.occurred_at, news.person, news.context
        ) = 1

)

select
    once.occurrence_id,
    once.person,
    once.occurred_at,
    null as matched_at,
    once.context,
    case
        when $cause = 'baseline' and not $backfill then 'baseline'
        when $cause = 'definition' and not $backfill and once.occurred_at <= $acts_after then 'definition'
        when once.occurred_at < $oldest then 'too_old'
    end as disposition,
    null as said
from once
