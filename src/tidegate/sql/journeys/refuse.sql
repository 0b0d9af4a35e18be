-- Whoever this holds for does not enter.
--
-- tables: candidates, chosen (instance)
-- params: $reason

update candidates
set disposition = $reason
where candidates.disposition is null and candidates.candidate in (select chosen.instance from chosen)
