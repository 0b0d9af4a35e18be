-- Addresses that were really suppressed in the time since the last run of the simulation.
--
-- tables: recorded (tidegate.suppressions of the warehouse), tidegate.suppressions
-- params: $after (null: ever), $as_of

insert into tidegate.suppressions by name
select recorded.*
from recorded
where
    recorded.happened_at <= $as_of
    and ($after is null or recorded.happened_at > $after)
