-- Nothing but transactional messages goes to people who are held out; what tells a team or a service of them
-- (a channel that is not in $telling) does.
--
-- tables: verdicts, holdouts (experiment, source, salt, share), tidegate.assignments
-- params: $telling

update verdicts
set verdict = 'skip', reason = 'holdout', destination = null, channel = null
where
    verdicts.verdict = 'send'
    and not verdicts.transactional
    and list_contains($telling, verdicts.channel)
    and exists (
        select 1
        from tidegate.assignments
        inner join holdouts on assignments.experiment = holdouts.experiment
        where
            assignments.person = verdicts.person
            and assignments.arm = 'held_out'
            and (holdouts.source is null or holdouts.source = verdicts.source)
    )
