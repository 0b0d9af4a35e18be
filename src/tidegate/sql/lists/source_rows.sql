-- The mapped source values of everyone who is added or updated.
--
-- tables: desired (person, the mapped columns), moves
-- params: $destination, $list

select
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
