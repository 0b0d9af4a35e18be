-- Feedback that is done with: it found its people, or its address was all it needed, or it is given up.
--
-- tables: tidegate.feedback, owners
-- params: $run_id, $given_up

update tidegate.feedback
set applied_run = $run_id
where
    feedback.applied_run is null
    and (
        feedback.event_id in (select owners.event_id from owners)
        or (feedback.kind in ('bounced', 'complained') and feedback.address_hash is not null)
        or feedback.landed_at < $given_up
    )
