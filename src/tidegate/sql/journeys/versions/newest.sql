-- The newest version of a journey that was published.
--
-- tables: tidegate.journey_versions
-- params: $journey

select
    journey_versions.version,
    journey_versions.hash
from tidegate.journey_versions
where journey_versions.journey = $journey
order by journey_versions.version desc
limit 1
