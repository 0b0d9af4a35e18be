-- Consents that people really gave or withdrew in the time since the last run of the simulation.
--
-- tables: recorded (tidegate.consents of the warehouse), tidegate.consents
-- params: $after (null: ever), $as_of

insert into tidegate.consents by name
select recorded.*
from recorded
where
    recorded.happened_at <= $as_of
    and ($after is null or recorded.happened_at > $after)
