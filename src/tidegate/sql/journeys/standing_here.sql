-- Everybody who is inside one version of a journey, asked as of now about what happened since they entered.
--
-- tables: inside, endings
-- params: $journey, $version, $as_of

select
    inside.instance,
    inside.person,
    inside.entered_at,
    inside.entered_at as since,
    $as_of as at,
    inside.context
from inside
where
    inside.journey = $journey
    and inside.version = $version
    and inside.instance not in (select endings.instance from endings)
