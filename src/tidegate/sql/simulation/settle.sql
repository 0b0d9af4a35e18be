-- What a run would have handed to the destinations is taken for accepted.
--
-- tables: tidegate.outbox
-- params: $as_of, $run_id

update tidegate.outbox
set
    state = 'accepted',
    attempts = 1,
    settled_run = $run_id,
    settled_at = $as_of
where outbox.state = 'ready'
