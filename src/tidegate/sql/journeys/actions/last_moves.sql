-- The last move of everybody on or off each list: where it leaves them is where they are in the end.
--
-- tables: new_list_moves, last_list_moves
-- params: none

create or replace temp table last_list_moves as
with

ordered as (

    select
        new_list_moves.*,
        row_number() over (
            partition by new_list_moves.destination, new_list_moves.list, new_list_moves.person
            order by new_list_moves.at desc, new_list_moves.position desc, new_list_moves.adds desc
        ) as back
    from new_list_moves

)

select
    ordered.destination,
    ordered.list,
    ordered.person,
    ordered.step,
    ordered.adds
from ordered
where ordered.back = 1
