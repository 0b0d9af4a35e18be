-- The contracts that failed in the last run that checked any.
--
-- tables: tidegate.contract_results, tidegate.runs
-- params: none

with

last_checked as (

    select runs.run_id
    from tidegate.runs as runs
    where runs.run_id in (select results.run_id from tidegate.contract_results as results)
    order by runs.started_at desc, runs.as_of desc, runs.run_id desc
    limit 1

)

select
    model,
    contract,
    column_name,
    failing_rows,
    detail,
    run_id
from tidegate.contract_results
where
    not passed
    and run_id in (select last_checked.run_id from last_checked)
order by model, contract, column_name
