-- Every message that is ready has gone: for looking ahead, in a transaction that is rolled back.
--
-- tables: tidegate.outbox
-- params: $as_of, $run_id

update tidegate.outbox
set state = 'accepted', settled_at = $as_of, settled_run = $run_id
where state = 'ready'
