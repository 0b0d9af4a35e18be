-- Accepted rows are no longer owed.
--
-- tables: tidegate.owed, settling_rows
-- params: $claim

delete from tidegate.owed
using settling_rows
where
    owed.claim = $claim
    and owed.state = 'claimed'
    and settling_rows.verdict = 'accepted'
    and owed.list = settling_rows.list
    and owed.person = settling_rows.person
    and owed.identity = settling_rows.identity
