-- Who might be written to by a channel that has quiet hours.
--
-- tables: verdicts, quiet_times

select verdicts.person
from verdicts
where
    verdicts.verdict = 'send'
    and not verdicts.transactional
    and verdicts.channel in (select quiet_times.channel from quiet_times)
