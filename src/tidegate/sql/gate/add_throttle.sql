-- How many messages a destination gets in what time.
--
-- tables: throttles
-- params: $1 destination, $2 how many, $3 in what time

insert into throttles values ($1, $2, $3)
