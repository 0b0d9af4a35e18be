-- Everybody of one version, inside or not any more, who has not reached the goal yet, up to when it counts.
--
-- tables: walks (of the columns of tidegate.instances), migrants
-- params: $journey, $version, $as_of, $within

select
    walks.instance,
    walks.person,
    walks.entered_at,
    walks.entered_at as since,
    least($as_of, coalesce(walks.entered_at + $within, $as_of)) as at,
    walks.context
from walks
left join migrants on walks.instance = migrants.instance
where
    walks.journey = $journey
    and coalesce(migrants.version, walks.version) = $version
    and walks.goal_at is null
