-- A table of an earlier decision is gone.
--
-- tables: remembered
-- params: $name

delete from remembered
where remembered.name = $name
