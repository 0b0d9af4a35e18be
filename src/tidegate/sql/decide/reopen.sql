-- Messages that an earlier run let go but did not come to claim are judged again.
--
-- tables: tidegate.outbox

update tidegate.outbox
set state = 'planned', channel = null, destination = null
where outbox.state = 'ready'
