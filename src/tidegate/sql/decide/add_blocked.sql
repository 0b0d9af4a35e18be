-- An audience of which nothing is sent in this run.
--
-- tables: blocked

insert into blocked values ($1)
