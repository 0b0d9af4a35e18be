-- What a run's gate does with messages that were not sent: they may go.
--
-- tables: tidegate.outbox
-- params: $destination, $channel

update tidegate.outbox
set state = 'ready', destination = $destination, channel = $channel
where outbox.state = 'planned'
