-- What falls into somebody's quiet hours waits until they end; what would be too late then does not go at all.
--
-- tables: verdicts, living, quiet (channel, zone, until)

update verdicts
set
    verdict = case when quiet.until < verdicts.expires_at then 'hold' else 'skip' end,
    reason = 'quiet_hours',
    until = quiet.until
from living, quiet
where
    verdicts.verdict = 'send'
    and not verdicts.transactional
    and verdicts.person = living.person
    and verdicts.channel = quiet.channel
    and living.zone = quiet.zone
