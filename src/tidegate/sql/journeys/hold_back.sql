-- Nobody enters in this run.
--
-- tables: candidates
-- params: $reason

update candidates
set disposition = $reason
where candidates.disposition is null
