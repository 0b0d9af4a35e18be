-- The audiences that the project has now.
--
-- tables: known_audiences
-- params: $audiences

insert into known_audiences
select unnest($audiences)
