-- How many messages of each audience the gate holds back in this run, by reason.
--
-- tables: verdicts

select
    verdicts.source,
    verdicts.verdict,
    verdicts.reason,
    count(*) as withheld
from verdicts
where verdicts.verdict <> 'send'
group by verdicts.source, verdicts.verdict, verdicts.reason
order by verdicts.source, verdicts.verdict, verdicts.reason
