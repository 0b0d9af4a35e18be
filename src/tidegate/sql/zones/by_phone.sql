-- The time zone of a telephone number: that of the longest of its beginnings that is known.
--
-- tables: living, dialled (prefix, zone)

update living
set zone = found.zone
from (
    select
        beginnings.person,
        arg_max(dialled.zone, length(dialled.prefix)) as zone
    from (
        select
            living.person,
            unnest([left(living.digits, length) for length in range(1, 10)]) as prefix
        from living
        where living.zone is null and living.digits <> ''
    ) as beginnings
    inner join dialled on beginnings.prefix = dialled.prefix
    group by beginnings.person
) as found
where living.person = found.person
