-- One route of a message: the destination, its channel and its place in the order of preference.
--
-- tables: routes
-- params: $1 the channels' list, $2 its place, $3 destination, $4 channel

insert into routes values ($1, $2, $3, $4)
