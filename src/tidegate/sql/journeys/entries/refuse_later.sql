-- Of several who would enter by the same key in this run, the earliest does.
--
-- tables: candidates
-- params: $reason

update candidates
set disposition = $reason
where
    candidates.disposition is null
    and candidates.candidate not in (
        select min(first.candidate)
        from candidates as first
        where first.disposition is null
        group by first.person, first.entry_key
    )
