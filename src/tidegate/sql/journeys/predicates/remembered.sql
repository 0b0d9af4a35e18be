-- Which tables predicates were worked out in, and for which decision: rolled back with them.

create temp table if not exists remembered (
    name varchar,
    run_id varchar,
    as_of timestamptz
)
