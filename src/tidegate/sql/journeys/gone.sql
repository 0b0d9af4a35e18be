-- Of those whose time has not begun to run: whose messages have gone, and when; it runs from then, or from when they
-- came, whichever is later.
--
-- tables: listeners, tidegate.outbox
-- params: $steps

create or replace temp table renewing as
with

theirs as (

    select
        outbox.instance,
        max(outbox.settled_at) as settled_at,
        bool_or(outbox.state in ('planned', 'ready', 'claimed')) as unsent
    from tidegate.outbox
    where
        list_contains($steps, outbox.step)
        and outbox.instance in (select listeners.instance from listeners where listeners.deadline is null)
    group by outbox.instance

)

select
    listeners.instance,
    listeners.person,
    listeners.entered_at,
    listeners.since,
    greatest(listeners.came_at, coalesce(theirs.settled_at, listeners.came_at)) as at,
    listeners.context,
    listeners.came_at
from listeners
left join theirs on listeners.instance = theirs.instance
where listeners.deadline is null and not coalesce(theirs.unsent, false)
