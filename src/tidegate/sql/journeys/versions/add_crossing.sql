-- Where those go on who stand at a step of an older version.
--
-- tables: crossings
-- params: $1 version, $2 step, $3 target, $4 anew

insert into crossings values ($1, $2, $3, $4)
