-- What journeys send whose sends are paused waits, until they are not or the message expires.
--
-- tables: verdicts
-- params: $journeys

update verdicts
set verdict = 'hold', reason = 'paused', until = verdicts.expires_at, destination = null, channel = null
where verdicts.verdict = 'send' and list_contains($journeys, verdicts.source)
