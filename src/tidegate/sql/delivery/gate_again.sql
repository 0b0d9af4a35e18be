-- Messages that the gate let go and nobody claimed, because the run ended before: they pass the gate again.
--
-- tables: tidegate.outbox

update tidegate.outbox
set state = 'planned', destination = null, channel = null
where outbox.state = 'ready'
