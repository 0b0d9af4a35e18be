-- Whether journeys emitted an event of this name, before or in this run.
--
-- tables: tidegate.emitted, new_events
-- params: $name

select
    exists (
        select 1
        from tidegate.emitted
        where emitted.name = $name
    )
    or exists (
        select 1
        from new_events
        where new_events.name = $name
    ) as anything
