-- The file of a version as it was.
--
-- tables: tidegate.journey_versions
-- params: $journey, $version

select journey_versions.source
from tidegate.journey_versions
where journey_versions.journey = $journey and journey_versions.version = $version
