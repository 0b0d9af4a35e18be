-- Refuse those for whom a predicate is not true.
--
-- tables: fulfilled (instance), candidates
-- params: $reason

update candidates
set disposition = $reason
where
    candidates.disposition is null
    and -candidates.candidate not in (select fulfilled.instance from fulfilled)
