-- People of whom something was reported that no run before has taken into account.
--
-- tables: tidegate.feedback, tidegate.outbox, tidegate.runs, fresh
-- params: $kinds, $decided_at

insert into fresh
select distinct outbox.person
from tidegate.feedback
inner join tidegate.outbox on feedback.message_key = outbox.message_key
where
    list_contains($kinds, feedback.kind)
    and (
        feedback.applied_run is null
        or feedback.applied_run in (
            select runs.run_id
            from tidegate.runs
            where runs.decided_at is null or runs.decided_at > $decided_at
        )
    )
