-- Messages that the gate keeps back, by reason: those held now, and those skipped in the seven days before the
-- last run.
--
-- tables: tidegate.outbox, tidegate.runs
-- params: none

with

kept_back as (

    select
        case outbox.state when 'planned' then 'hold' else 'skip' end as verdict,
        outbox.reason,
        outbox.person,
        outbox.held_until
    from tidegate.outbox
    where
        (outbox.state = 'planned' and outbox.held_until is not null)
        or (
            outbox.state = 'skipped'
            and outbox.settled_at > (select max(runs.as_of) from tidegate.runs) - interval '7 days'
        )

)

select
    kept_back.verdict,
    kept_back.reason,
    count(*) as messages,
    count(distinct kept_back.person) as people,
    min(kept_back.held_until) as until
from kept_back
group by kept_back.verdict, kept_back.reason
order by kept_back.verdict, messages desc, kept_back.reason
