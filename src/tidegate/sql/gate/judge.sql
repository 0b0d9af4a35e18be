-- The first checks of the gate: for each waiting message the first channel that may carry it, or the reason why none
-- may. Of several channels that may not, the reason is the earliest check that one with an address failed.
--
-- tables: waiting, fitness, verdicts
-- params: $as_of

insert into verdicts
with

best as (

    select
        fitness.message_key,
        min(fitness.position) filter (
            where fitness.reachable and fitness.consented and not fitness.suppressed
        ) as position,
        bool_or(fitness.erased) as erased,
        bool_or(fitness.suppressed) as suppressed,
        bool_or(fitness.reachable and not fitness.consented) or not bool_or(fitness.consented) as without_consent
    from fitness
    group by fitness.message_key

),

judged as (

    select
        waiting.*,
        case
            when waiting.orphaned then 'no_audience'
            when best.erased then 'erased'
            when best.position is null and best.suppressed then 'suppressed'
            when best.position is null and best.without_consent then 'no_consent'
            when best.position is null then 'unreachable'
            when waiting.has_left then 'left_segment'
            when waiting.expires_at <= $as_of then 'expired'
        end as reason,
        best.position
    from waiting
    left join best on waiting.message_key = best.message_key

)

select
    judged.message_key,
    judged.source,
    judged.person,
    judged.transactional,
    judged.priority,
    judged.due_at,
    judged.expires_at,
    case when judged.reason is null then 'send' else 'skip' end as verdict,
    judged.reason,
    null as until,
    case when judged.reason is null then fitness.destination end as destination,
    case when judged.reason is null then fitness.channel end as channel
from judged
left join fitness on judged.message_key = fitness.message_key and judged.position = fitness.position
