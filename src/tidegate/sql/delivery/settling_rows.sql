-- The rows of a claim beside what became of them: what is not judged otherwise was accepted. Empty where the
-- claim is settled already. What the rows carry stays where it is: to copy it costs more than to find it again.
--
-- tables: tidegate.owed, tidegate.lists,
--   judged (list, person, identity, verdict, reason, detail, after, doubted, job, position)
-- params: $claim

create or replace temporary table settling_rows as
select
    owed.rowid as owed_row,
    owed.destination,
    owed.list,
    owed.person,
    owed.operation,
    owed.identity,
    coalesce(lists.mode, 'list') as mode,
    coalesce(lists.keyed_by, 'identifiers') as keyed_by,
    coalesce(judged.verdict, 'accepted') as verdict,
    judged.reason,
    judged.detail,
    judged.after,
    coalesce(judged.doubted, false) as doubted,
    judged.job,
    judged.position
from tidegate.owed
left join judged
    on
        owed.list = judged.list
        and owed.person = judged.person
        and owed.identity = judged.identity
left join tidegate.lists
    on owed.destination = lists.destination and owed.list = lists.list
where owed.claim = $claim and owed.state = 'claimed'
