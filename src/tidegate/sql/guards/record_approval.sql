-- A person's decision on a blocked audience.
--
-- tables: tidegate.approvals
-- params: $audience, $blocked_run, $decision, $entered, $left, $removed, $messages, $why, $who, $decided_at

insert into tidegate.approvals (
    audience, blocked_run, decision, entered, "left", removed, messages, why, who, decided_at
)
values ($audience, $blocked_run, $decision, $entered, $left, $removed, $messages, $why, $who, $decided_at)
