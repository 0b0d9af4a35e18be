-- Who wanted in and did not get in, by reason.
--
-- tables: tidegate.occurrences
-- params: $journey

select
    occurrences.disposition,
    count(*) as candidates
from tidegate.occurrences as occurrences
where occurrences.audience = $journey and occurrences.disposition <> 'acted'
group by occurrences.disposition
