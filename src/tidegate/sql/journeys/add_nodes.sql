-- A version's steps as numbers.
--
-- tables: nodes
-- params: $nodes and $steps (lists that belong together), $version

insert into nodes
select
    unnest($nodes) as node,
    $version as version,
    unnest($steps) as step
