-- The lists of a claim, with the mode of each, how it is written, and how many rows are to be put there or
-- removed. What a platform judged only as a whole (rows with a `job`) is counted part by part: it goes by itself.
--
-- tables: tidegate.owed, tidegate.lists
-- params: $claim

select
    owed.list,
    owed.operation = 'remove' as removing,
    coalesce(any_value(lists.mode), 'list') as mode,
    coalesce(any_value(lists.write), 'upsert') as write,
    count(*) as row_count
from tidegate.owed
left join tidegate.lists
    on owed.destination = lists.destination and owed.list = lists.list
where owed.claim = $claim and owed.state = 'claimed'
group by owed.list, removing, owed.job
order by owed.list, removing, owed.job
