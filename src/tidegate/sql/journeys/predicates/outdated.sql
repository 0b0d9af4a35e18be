-- Tables of an earlier decision in the same session.
--
-- tables: remembered
-- params: $run_id, $as_of

select remembered.name
from remembered
where remembered.run_id <> $run_id or remembered.as_of <> $as_of
order by remembered.name
