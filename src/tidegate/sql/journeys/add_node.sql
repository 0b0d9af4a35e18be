-- A step as a number.
--
-- tables: nodes
-- params: $1 node, $2 version, $3 step

insert into nodes values ($1, $2, $3)
