-- How many people are in an audience.
--
-- tables: tidegate.stays
-- params: $audience

select count(*)
from tidegate.stays
where stays.audience = $audience and stays.left_at is null
