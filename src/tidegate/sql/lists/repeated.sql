-- Up to three people that a list would get more than once.
--
-- tables: moves
-- params: $destination, $list

select moves.person
from moves
where moves.destination = $destination and moves.list = $list
group by moves.person
having count(*) > 1
order by moves.person
limit 3
