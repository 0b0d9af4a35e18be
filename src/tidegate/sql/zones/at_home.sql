-- Of whom nothing is known, they live where the project does.
--
-- tables: living
-- params: $zone

update living
set zone = $zone
where living.zone is null
