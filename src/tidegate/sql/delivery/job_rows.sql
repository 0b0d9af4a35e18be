-- The rows of a job that are not judged yet, in the order in which they were given.
--
-- tables: tidegate.owed
-- params: $destination, $list, $job, $removing

select
    owed.person,
    owed.identity,
    owed.identifiers,
    owed.traits
from tidegate.owed
where
    owed.destination = $destination
    and owed.list = $list
    and owed.job = $job
    and owed.state = 'submitted'
    and (owed.operation = 'remove') = $removing
order by owed.job_position
