-- The attempts of a claim: the worst that befell a row of each list, and how many fared how.
--
-- tables: tidegate.attempts, settling_rows
-- params: $claim

update tidegate.attempts
set
    settled_at = now(),
    outcome = fared.outcome,
    reason = fared.reason,
    detail = fared.detail
from (
    select
        settling_rows.list,
        case
            when bool_or(settling_rows.verdict = 'unknown') then 'unknown'
            when bool_or(settling_rows.verdict = 'retry') then 'retry'
            when bool_or(settling_rows.verdict = 'pending') then 'pending'
            when bool_or(settling_rows.verdict = 'rejected') then 'rejected'
            else 'accepted'
        end as outcome,
        max(nullif(settling_rows.reason, '')) as reason,
        concat_ws(
            ', ',
            count(*) filter (where settling_rows.verdict = 'accepted') || ' accepted',
            nullif(count(*) filter (where settling_rows.verdict = 'rejected'), 0) || ' rejected',
            nullif(count(*) filter (where settling_rows.verdict = 'retry'), 0) || ' to try again',
            nullif(count(*) filter (where settling_rows.verdict = 'pending'), 0) || ' to be judged later',
            nullif(count(*) filter (where settling_rows.verdict = 'unknown'), 0) || ' unknown'
        ) as detail
    from settling_rows
    group by settling_rows.list
) as fared
where
    attempts.claim = $claim
    and attempts.settled_at is null
    and attempts.list = fared.list
