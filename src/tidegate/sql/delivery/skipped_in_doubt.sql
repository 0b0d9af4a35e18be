-- Messages that this run skips although an earlier call may have sent them: nobody knows whether they went.
--
-- tables: tidegate.outbox, tidegate.attempts
-- params: $run_id

update tidegate.outbox
set state = 'unknown'
where
    outbox.state = 'skipped'
    and outbox.settled_run = $run_id
    and outbox.attempts > 0
    and outbox.message_key in (
        select attempts.message_key
        from tidegate.attempts
        where attempts.outcome = 'unknown'
    )
