-- What people did in the seven days up to the clock of the last run, by kind and channel.
--
-- tables: tidegate.feedback, tidegate.runs

select
    kind,
    channel,
    count(*) as events,
    count(distinct person) as people,
    count(*) filter (where person is null) as unresolved
from tidegate.feedback
where
    happened_at > (
        select runs.as_of
        from tidegate.runs
        order by runs.started_at desc
        limit 1
    ) - interval '7 days'
group by kind, channel
order by kind, channel
