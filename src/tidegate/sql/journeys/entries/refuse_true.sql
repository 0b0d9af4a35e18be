-- Refuse those for whom a predicate is true.
--
-- tables: fulfilled (instance), candidates
-- params: $reason

update candidates
set disposition = $reason
where
    candidates.disposition is null
    and -candidates.candidate in (select fulfilled.instance from fulfilled)
