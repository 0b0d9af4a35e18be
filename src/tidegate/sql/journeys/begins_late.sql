-- Whose wait for what becomes of a message begins later than they came, because the message went later.
--
-- tables: listeners, delayed, unsent
-- params: $steps

create or replace temp table renewing as
with

theirs as (

    select
        delayed.instance,
        max(delayed.settled_at) as settled_at
    from delayed
    where list_contains($steps, delayed.step)
    group by delayed.instance

)

select
    listeners.instance,
    listeners.person,
    listeners.entered_at,
    listeners.since,
    theirs.settled_at as at,
    listeners.context,
    listeners.came_at,
    listeners.reached
from listeners
inner join theirs on listeners.instance = theirs.instance
where theirs.settled_at > listeners.waits_from and listeners.deadline is not null
