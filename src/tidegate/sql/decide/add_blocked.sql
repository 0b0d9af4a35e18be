-- An audience of which nothing is sent in this run.
--
-- tables: blocked
-- params: $1 the audience

insert into blocked values ($1)
