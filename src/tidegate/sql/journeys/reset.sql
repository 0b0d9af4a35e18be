-- Whose time begins anew, because what resets it happened.
--
-- tables: listeners, moments (instance, way, happened_at)
-- params: none

create or replace temp table renewing as
select
    listeners.instance,
    listeners.person,
    listeners.entered_at,
    listeners.since,
    moments.happened_at as at,
    listeners.context,
    listeners.came_at,
    listeners.reached
from listeners
inner join moments on listeners.instance = moments.instance
where moments.happened_at > listeners.waits_from and moments.happened_at <= listeners.deadline
