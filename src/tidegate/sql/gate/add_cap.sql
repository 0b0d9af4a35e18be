-- A channel that a cap counts.
--
-- tables: caps
-- params: $1 the cap's number, $2 channel, $3 whether it is on `any`, $4 how many, $5 in what time

insert into caps values ($1, $2, $3, $4, $5)
