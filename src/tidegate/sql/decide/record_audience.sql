-- What this run made of an audience.
--
-- tables: tidegate.audience_runs
-- params: $run_id, $audience, $kind, $sql_hash, $cause, $verdict, $reason, $entered, $left, $removed, $messages,
--         $members, $planned, $withheld

insert into tidegate.audience_runs (
    run_id, audience, kind, sql_hash, cause, verdict, reason, entered, "left", removed, messages,
    members, planned, withheld
)
values (
    $run_id, $audience, $kind, $sql_hash, $cause, $verdict, $reason, $entered, $left, $removed, $messages,
    $members, $planned, $withheld
)
