-- The jobs that a destination has not judged yet: what they carry, and since when it has them. A row that could
-- not be judged within three days is lost there.
--
-- tables: tidegate.owed, tidegate.lists
-- params: $destination

select
    owed.list,
    owed.job,
    owed.operation = 'remove' as removing,
    coalesce(any_value(lists.mode), 'list') as mode,
    coalesce(any_value(lists.write), 'upsert') as write,
    min(owed.submitted_at) < now() - interval '72 hours' as is_lost
from tidegate.owed
left join tidegate.lists
    on owed.destination = lists.destination and owed.list = lists.list
where owed.destination = $destination and owed.state = 'submitted'
group by owed.list, owed.job, removing
order by owed.list, removing, owed.job
