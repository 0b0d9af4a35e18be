-- The people of a test, one more time.
--
-- tables: main.people, some_people (registered)

create or replace table main.people as
select *
from some_people
