-- The mapped source values of everyone who is added or updated, numbered so that they can be read in pages.
--
-- tables: desired (person, the mapped columns), moves
-- params: $destination, $list

create or replace temp table source_rows as
select
    row_number() over () as position,
    moves.operation,
    moves.fingerprint,
    moves.doubtful,
    desired.*
from moves
inner join desired on moves.person = desired.person
where
    moves.destination = $destination
    and moves.list = $list
    and moves.operation <> 'remove'
