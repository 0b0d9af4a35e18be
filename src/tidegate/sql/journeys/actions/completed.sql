-- Those who came to the end of one version of a journey in this run.
--
-- tables: arrived, walkers
-- params: $first, $past (the version's nodes, and the first that is none of them)

create or replace temp table here as
select
    arrived.instance,
    walkers.person,
    walkers.entered_at,
    walkers.entered_at as since,
    arrived.at,
    walkers.context
from arrived
inner join walkers on arrived.instance = walkers.instance
where arrived.node = 0 and arrived.came_from >= $first and arrived.came_from < $past
