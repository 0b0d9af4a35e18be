-- How many rows each `rows_within` counted in the last finished run in which it held.
-- A run in which it failed does not count: otherwise an accident would become the measure of the next run.
--
-- tables: tidegate.contract_results, tidegate.runs
-- params: none

select
    results.model,
    results.contract,
    arg_max(
        try_cast(regexp_extract(results.detail, '^([0-9]+) rows', 1) as bigint),
        runs.started_at
    ) as rows_counted
from tidegate.contract_results as results
inner join tidegate.runs as runs on results.run_id = runs.run_id
where
    runs.status = 'finished'
    and results.passed
    and regexp_matches(results.detail, '^[0-9]+ rows, ')
group by results.model, results.contract
