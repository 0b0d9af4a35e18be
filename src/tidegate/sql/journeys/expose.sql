-- The arms of those who came to a split for the first time.
--
-- tables: drawn, new_assignments
-- params: $experiment

insert into new_assignments
select distinct
    $experiment as experiment,
    drawn.person,
    drawn.exposed_to as arm
from drawn
where drawn.exposed_to is not null
