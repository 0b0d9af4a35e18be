-- The events of a name that no run has seen, of those that happened after $oldest_looked_at: history is not read
-- again. An event that is there twice is one event.
--
-- tables: event (occurrence_id, person, occurred_at, context, counts), tidegate.occurrences, found
-- params: $journey, $as_of, $cause, $backfill, $acts_after, $oldest, $oldest_looked_at

insert into found
with

recent as (

    select event.occurrence_id
    from event
    where
        event.counts
        and event.occurred_at > $oldest_looked_at
        and event.occurred_at <= $as_of
        and event.person is not null

),

-- Mostly an event keeps its time, so that it is found among the few that were seen lately; all that were ever seen are
-- looked through for the others alone.
unfamiliar as (

    select recent.occurrence_id
    from recent
    where
        recent.occurrence_id is null
        or recent.occurrence_id not in (
            select occurrences.occurrence_id
            from tidegate.occurrences
            where occurrences.audience = $journey and occurrences.occurred_at > $oldest_looked_at
        )

),

seen_before as (

    select occurrences.occurrence_id
    from tidegate.occurrences
    where
        occurrences.audience = $journey
        and occurrences.occurrence_id in (select unfamiliar.occurrence_id from unfamiliar)

),

names as (

    select distinct unfamiliar.occurrence_id
    from unfamiliar
    where
        unfamiliar.occurrence_id is null
        or unfamiliar.occurrence_id not in (select seen_before.occurrence_id from seen_before)

),

news as (

    select
        event.occurrence_id,
        event.person,
        event.occurred_at,
        event.context
    from event
    inner join names on event.occurrence_id is not distinct from names.occurrence_id
    where
        event.counts
        and event.occurred_at > $oldest_looked_at
        and event.occurred_at <= $as_of
        and event.person is not null

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
