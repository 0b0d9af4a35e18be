-- Values of a watched column that are not what they were when last seen. Who is not in the model keeps the value that
-- they had: coming back with the same one is no change.
--
-- tables: entry (person, value), tidegate.watched, new_watched
-- params: $journey

insert into new_watched
with

watched as (

    select
        watched.person,
        watched.value
    from tidegate.watched
    where watched.journey = $journey

)

select
    entry.person,
    entry.value,
    watched.value as before,
    watched.person is null as first_sight
from entry
left join watched on entry.person = watched.person
where watched.person is null or entry.value is distinct from watched.value
