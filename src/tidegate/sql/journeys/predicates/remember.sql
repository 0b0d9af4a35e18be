-- That a table was made for a decision.
--
-- tables: remembered
-- params: $name, $run_id, $as_of

insert into remembered
select
    $name as name,
    $run_id as run_id,
    $as_of as as_of
where not exists (select 1 from remembered where remembered.name = $name)
