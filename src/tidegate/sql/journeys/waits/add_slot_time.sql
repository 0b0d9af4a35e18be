-- A stretch of the week in which people go on.
--
-- tables: slot_times
-- params: $1 and $2 minutes of the week, from and to before

insert into slot_times values ($1, $2)
