-- The definition, the kind and the clock of the last run in which an audience (or journey) moved, and whether a run has
-- decided without it since.
--
-- tables: looks (audience, run_id, sql_hash, kind, verdict), tidegate.runs
-- params: $audience

with

looked_at as (

    select
        looks.run_id,
        looks.sql_hash,
        looks.kind,
        looks.verdict
    from looks
    where looks.audience = $audience

),

last_applied as (

    select
        looked_at.sql_hash,
        looked_at.kind,
        runs.as_of,
        runs.decided_at
    from looked_at
    inner join tidegate.runs on looked_at.run_id = runs.run_id
    where looked_at.verdict in ('applied', 'approved')
    order by runs.as_of desc, runs.decided_at desc
    limit 1

)

select
    last_applied.sql_hash,
    last_applied.kind,
    last_applied.as_of,
    (
        select count(*)
        from tidegate.runs
        where
            runs.decided_at is not null
            and (runs.as_of, runs.decided_at) > (last_applied.as_of, last_applied.decided_at)
            and runs.run_id not in (select looked_at.run_id from looked_at)
    ) > 0 as was_away
from last_applied
