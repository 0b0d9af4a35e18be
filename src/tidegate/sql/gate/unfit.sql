-- The messages of a claim that may not go after all, with the reason.
--
-- tables: fitness

select
    fitness.message_key,
    case
        when fitness.erased then 'erased'
        when fitness.suppressed then 'suppressed'
        when not fitness.consented then 'no_consent'
        else 'unreachable'
    end as reason
from fitness
where fitness.erased or fitness.suppressed or not fitness.consented or not fitness.reachable
order by fitness.message_key
