-- Dates that became due after $after and up to $until.
--
-- tables: due_walls, instants (zone, wall, moment), tidegate.occurrences, found
-- params: $journey, $after, $until, $per: the JSON path of the key in `entry`, or null, $oldest, $disposition

insert into found
with

dues as (

    select
        due_walls.person,
        due_walls.context,
        due_walls.value,
        coalesce(instants.moment, due_walls.moment) as due_at
    from due_walls
    left join instants on due_walls.zone = instants.zone and due_walls.wall = instants.wall

),

named as (

    select
        concat_ws(
            ':', 'date', dues.person, dues.value, json_extract_string(dues.context, cast($per as varchar))
        ) as occurrence_id,
        dues.person,
        dues.due_at,
        '{"due_at":"' || cast(dues.due_at as varchar) || '",' || substr(dues.context, 2) as context
    from dues
    where dues.due_at > $after and dues.due_at <= $until

)

select
    named.occurrence_id,
    named.person,
    named.due_at as occurred_at,
    null as matched_at,
    named.context,
    coalesce($disposition, case when named.due_at < $oldest then 'too_old' end) as disposition,
    null as said
from named
where
    named.occurrence_id not in (
        select occurrences.occurrence_id
        from tidegate.occurrences
        where occurrences.audience = $journey
    )
qualify row_number() over (partition by named.occurrence_id order by named.due_at, named.context) = 1
