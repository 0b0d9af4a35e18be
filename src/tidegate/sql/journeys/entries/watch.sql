-- The values as they were seen.
--
-- tables: new_watched, tidegate.watched
-- params: $journey

insert into tidegate.watched (journey, person, value)
select
    $journey,
    new_watched.person,
    new_watched.value
from new_watched
