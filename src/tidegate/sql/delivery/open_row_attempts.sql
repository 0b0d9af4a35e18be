-- An attempt for each list of a claim, under way.
--
-- tables: tidegate.owed, tidegate.attempts
-- params: $claim, $run_id

insert into tidegate.attempts (destination, list, claim, attempt, rows, run_id, claimed_at)
select
    owed.destination,
    owed.list,
    $claim,
    max(owed.attempts) + 1,
    count(*),
    $run_id,
    now()
from tidegate.owed
where owed.claim = $claim and owed.state = 'claimed'
group by owed.destination, owed.list
