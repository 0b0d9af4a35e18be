-- People of whom something was reported that no run before has taken into account, or that happened after its clock.
-- Whose it is, the decision has mostly found out already: only for the others are all messages looked through.
--
-- tables: tidegate.feedback, tidegate.outbox, tidegate.runs, fresh
-- params: $kinds, $decided_at, $after, $until

insert into fresh
with

reported as (

    select
        feedback.person,
        feedback.message_key
    from tidegate.feedback
    where
        list_contains($kinds, feedback.kind)
        and (
            feedback.applied_run is null
            or feedback.applied_run in (
                select runs.run_id
                from tidegate.runs
                where runs.decided_at is null or runs.decided_at > $decided_at
            )
            or (feedback.happened_at > $after and feedback.happened_at <= $until)
        )

)

select reported.person
from reported
where reported.person is not null

union

select outbox.person
from reported
inner join tidegate.outbox on reported.message_key = outbox.message_key
where reported.person is null
