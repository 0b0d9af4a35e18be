-- What this run made of a journey.
--
-- tables: tidegate.journey_runs
-- params: $run_id, $journey, $version, $kind, $sql_hash, $cause, $verdict, $reason, $entered, $refused, $moved, $ended,
--         $inside, $planned, $withheld, $messages

insert into tidegate.journey_runs (
    run_id, journey, version, kind, sql_hash, cause, verdict, reason, entered, refused, moved, ended, inside, planned,
    withheld, messages
)
values (
    $run_id, $journey, $version, $kind, $sql_hash, $cause, $verdict, $reason, $entered, $refused, $moved, $ended,
    $inside, $planned, $withheld, $messages
)
