-- Whether a consent or a suppression was recorded since a run decided, and when it did (the wall's clock).
--
-- tables: tidegate.runs, tidegate.consents, tidegate.suppressions
-- params: $run_id

select
    exists (
        select 1
        from tidegate.consents
        where consents.landed_at > runs.decided_at
    )
    or exists (
        select 1
        from tidegate.suppressions
        where suppressions.recorded_at > runs.decided_at
    ) as anything,
    runs.decided_at
from tidegate.runs
where runs.run_id = $run_id
