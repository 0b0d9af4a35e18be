-- Keep the result of one contract.
--
-- tables: tidegate.contract_results
-- params: $run_id, $model, $contract, $column_name, $passed, $failing_rows, $detail

insert into tidegate.contract_results (run_id, model, contract, column_name, passed, failing_rows, detail)
values ($run_id, $model, $contract, $column_name, $passed, $failing_rows, $detail)
