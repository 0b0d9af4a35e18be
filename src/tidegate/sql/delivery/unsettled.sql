-- How much of a claim is not settled.
--
-- tables: tidegate.outbox, tidegate.owed
-- params: $claim

select
    (select count(*) from tidegate.outbox where outbox.claim = $claim and outbox.state = 'claimed')
    + (select count(*) from tidegate.owed where owed.claim = $claim and owed.state = 'claimed') as rows_left
