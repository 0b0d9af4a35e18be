-- Claims those rows of a job that the platform has judged, to be settled in the same transaction.
--
-- tables: tidegate.owed, judged (list, person, identity)
-- params: $destination, $claim, $job, $removing

update tidegate.owed
set state = 'claimed', claim = $claim
from judged
where
    owed.destination = $destination
    and owed.state = 'submitted'
    and owed.job = $job
    and (owed.operation = 'remove') = $removing
    and owed.list = judged.list
    and owed.person = judged.person
    and owed.identity = judged.identity
