-- A holdout of the project, or of one audience.
--
-- tables: holdouts
-- params: $1 experiment, $2 the audience or null, $3 salt, $4 share

insert into holdouts values ($1, $2, $3, $4)
