-- The walks of another journey that ended, as far as no run has seen that: lately by the person's own time, or in a
-- run after the last one in which anybody could enter here.
--
-- tables: tidegate.instances, tidegate.runs, tidegate.occurrences, found
-- params: $journey, $other, $reasons, $as_of, $cause, $backfill, $acts_after, $oldest, $oldest_looked_at

insert into found
with

ended as (

    select
        concat_ws(':', 'end', instances.journey, instances.instance) as occurrence_id,
        instances.person,
        instances.ended_at,
        instances.exit_reason
    from tidegate.instances
    left join tidegate.runs on instances.moved_run = runs.run_id
    where
        instances.journey = $other
        and instances.status = 'ended'
        and instances.ended_at <= $as_of
        and (instances.ended_at > $oldest_looked_at or runs.as_of > $acts_after)
        and instances.exit_reason in (select unnest(cast($reasons as varchar[])))

)

select
    ended.occurrence_id,
    ended.person,
    ended.ended_at as occurred_at,
    null as matched_at,
    cast(
        json_object('journey', $other, 'exit_reason', ended.exit_reason, 'ended_at', ended.ended_at) as varchar
    ) as context,
    case
        when $cause = 'baseline' and not $backfill then 'baseline'
        when $cause = 'definition' and not $backfill and ended.ended_at <= $acts_after then 'definition'
        when ended.ended_at < $oldest then 'too_old'
    end as disposition,
    null as said
from ended
where
    ended.occurrence_id not in (
        select occurrences.occurrence_id
        from tidegate.occurrences
        where occurrences.audience = $journey
    )
