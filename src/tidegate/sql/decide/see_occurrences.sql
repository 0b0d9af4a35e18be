-- The occurrences of a trigger that no run has seen, and what becomes of each.
-- After a changed definition only those act that happened since the last run ($acts_after): whatever
-- is older and new to us was brought in by the edit.
--
-- tables: entry (occurrence_id, person, occurred_at, wanted), tidegate.occurrences, seen
-- params: $audience, $as_of, $cause, $backfill, $acts_after, $oldest

insert into seen
select
    $audience,
    entry.occurrence_id,
    entry.person,
    entry.occurred_at,
    case
        when $cause = 'baseline' and not $backfill then 'baseline'
        when $cause = 'definition' and not $backfill and entry.occurred_at <= $acts_after then 'definition'
        when entry.occurred_at < $oldest and not $backfill then 'too_old'
        when not coalesce(entry.wanted, false) then 'condition'
        else 'acted'
    end
from entry
where
    entry.occurrence_id is null
    or entry.person is null
    or entry.occurrence_id not in (
        select occurrences.occurrence_id
        from tidegate.occurrences
        where occurrences.audience = $audience
    )
