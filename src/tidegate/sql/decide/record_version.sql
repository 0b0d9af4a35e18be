-- A definition that an audience has not had before.
--
-- tables: tidegate.audience_versions
-- params: $audience, $sql_hash, $sql, $run_id

insert into tidegate.audience_versions (audience, sql_hash, sql, first_run)
select
    $audience,
    $sql_hash,
    $sql,
    $run_id
where not exists (
    select 1
    from tidegate.audience_versions
    where audience_versions.audience = $audience and audience_versions.sql_hash = $sql_hash
)
