-- Of those who linger, the people of one version.
--
-- tables: lingering
-- params: $version

select
    lingering.instance,
    lingering.person,
    lingering.entered_at,
    lingering.since,
    lingering.at,
    lingering.context
from lingering
where lingering.version = $version
