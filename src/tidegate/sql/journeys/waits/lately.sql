-- Who opened, clicked or bought in the last ninety days.
--
-- tables: bought (person, occurred_at), tidegate.feedback
-- params: $as_of

create or replace temp table lately as
select feedback.person
from tidegate.feedback
where
    feedback.kind in ('opened', 'clicked')
    and feedback.person is not null
    and feedback.happened_at <= $as_of
    and feedback.happened_at > $as_of - to_hours(90 * 24)

union

select bought.person
from bought
where
    bought.person is not null
    and bought.occurred_at <= $as_of
    and bought.occurred_at > $as_of - to_hours(90 * 24)
