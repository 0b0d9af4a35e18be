-- One route of a message: the destination, its channel and its place in the order of preference.
--
-- tables: routes

insert into routes values ($1, $2, $3, $4)
