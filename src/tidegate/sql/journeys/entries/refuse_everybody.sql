-- Nobody enters now.
--
-- tables: candidates
-- params: $reason

update candidates
set disposition = $reason
where candidates.disposition is null
