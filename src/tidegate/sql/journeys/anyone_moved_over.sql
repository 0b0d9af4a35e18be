-- Whether anybody leaves or moves over because of a new version.
--
-- tables: leavers, migrants
-- params: none

select 1
from (
    select leavers.instance
    from leavers

    union all

    select migrants.instance
    from migrants
) as anyone
limit 1
