-- Messages of those who left that nobody has claimed do not go.
--
-- tables: endings, withdrawn, tidegate.outbox
-- params: $run_id, $as_of

update tidegate.outbox
set state = 'skipped', reason = 'exited', held_until = null, settled_run = $run_id, settled_at = $as_of
where
    outbox.state in ('planned', 'ready')
    and (
        outbox.instance in (select endings.instance from endings)
        or outbox.instance in (select withdrawn.instance from withdrawn)
    )
