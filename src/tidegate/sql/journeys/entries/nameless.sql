-- How many of those found cannot be told apart.
--
-- tables: found

select count(*) as nameless
from found
where found.occurrence_id is null
