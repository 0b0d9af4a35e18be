-- A row for each message that does not go, because the walk it belongs to was left.
--
-- tables: endings, withdrawn, tidegate.outbox, tidegate.decisions
-- params: $run_id, $as_of

insert into tidegate.decisions (message_key, run_id, verdict, reason, decided_at)
select
    outbox.message_key,
    $run_id as run_id,
    'skip' as verdict,
    'exited' as reason,
    $as_of as decided_at
from tidegate.outbox
where
    outbox.state in ('planned', 'ready')
    and (
        outbox.instance in (select endings.instance from endings)
        or outbox.instance in (select withdrawn.instance from withdrawn)
    )
